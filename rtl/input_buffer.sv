// The INPUT buffer: INP_BANKS x BLOCKS memories of one group, each with one read and one write port.
//
// Block b is part b % BLOCKS of vector b / BLOCKS; vector v is word v % INP_DEPTH of bank v / INP_DEPTH.
// Reads: *_re_i asks for a read of legal addresses, *_grant_o (same cycle) says that it happens; data OPERAND_STAGE
// cycles later. GEMM and ALU asking for the same bank take turns. gemm_want_i is high with gemm_re_i and may be high
// without it; GEMM's turn then passes unused, and ALU's grant is a path from registers. Writes: ALU's always happen;
// LOAD's happen when load_ready_o is high, in cycles in which ALU does not write: all memories share one write data
// register. A write is seen by reads granted at least one cycle after it.
module input_buffer
  import engine_pkg::*;
  import core_pkg::*;
(
  input  logic                          clk_i,
  input  logic                          rst_ni,
  input  logic                          gemm_want_i,
  input  logic                          gemm_re_i,
  output logic                          gemm_grant_o,
  input  logic [VECTOR_BITS-1:0]        gemm_vector_i,
  output logic [BLOCKS*GROUP_BITS-1:0]  gemm_data_o,
  input  logic                          alu_re_i,
  output logic                          alu_grant_o,
  input  logic [BLOCK_ADDRESS_BITS-1:0] alu_block_i,
  output logic [GROUP_BITS-1:0]         alu_data_o,
  input  logic                          alu_we_i,
  input  logic [BLOCK_ADDRESS_BITS-1:0] alu_wblock_i,
  input  logic [GROUP_BITS-1:0]         alu_wdata_i,
  input  logic                          load_we_i,
  output logic                          load_ready_o,
  input  logic [BLOCK_ADDRESS_BITS-1:0] load_block_i,
  input  logic [GROUP_BITS-1:0]         load_data_i
);

  typedef struct packed {
    logic [BANK_BITS-1:0] bank;
    logic [PART_BITS-1:0] part;
    logic [INP_BITS-1:0] word;
  } place_t;

  // Division by constants: wires where they are powers of two.
  function automatic place_t place(input logic [BLOCK_ADDRESS_BITS-1:0] block);
    automatic int unsigned vector = 32'(block) / BLOCKS;
    place.part = PART_BITS'(32'(block) % BLOCKS);
    place.bank = BANK_BITS'(vector / INP_DEPTH);
    place.word = INP_BITS'(vector % INP_DEPTH);
  endfunction

  // --- Requests ---

  place_t gemm_at, alu_at, alu_to, load_to;
  place_t gemm_at_q, alu_at_q, to_q;
  logic gemm_re_q, alu_re_q, we_q, turn_q, conflict, same_bank;
  logic [GROUP_BITS-1:0] wdata_q;

  always_comb begin
    gemm_at = '0;
    gemm_at.bank = BANK_BITS'(32'(gemm_vector_i) / INP_DEPTH);
    gemm_at.word = INP_BITS'(32'(gemm_vector_i) % INP_DEPTH);
    alu_at = place(alu_block_i);
    alu_to = place(alu_wblock_i);
    load_to = place(load_block_i);
  end

  // each grant is of use to the one who asks only
  assign same_bank = gemm_at.bank == alu_at.bank;
  assign conflict = gemm_want_i && alu_re_i && same_bank;
  assign gemm_grant_o = !(alu_re_i && same_bank && turn_q);
  assign alu_grant_o = !(gemm_want_i && same_bank && !turn_q);
  assign load_ready_o = !alu_we_i;

  always_ff @(posedge clk_i) begin
    gemm_re_q <= gemm_re_i && gemm_grant_o;
    alu_re_q <= alu_re_i && alu_grant_o;
    we_q <= alu_we_i || load_we_i;
    if (gemm_re_i) gemm_at_q <= gemm_at;
    if (alu_re_i) alu_at_q <= alu_at;
    if (alu_we_i || load_we_i) begin
      to_q <= alu_we_i ? alu_to : load_to;
      wdata_q <= alu_we_i ? alu_wdata_i : load_data_i;
    end
    if (conflict) turn_q <= !turn_q;
    if (!rst_ni) begin
      gemm_re_q <= 1'b0;
      alu_re_q <= 1'b0;
      we_q <= 1'b0;
      turn_q <= 1'b0;
    end
  end

  // --- Memories ---

  logic [GROUP_BITS-1:0] rdata[INP_BANKS][BLOCKS];

  for (genvar b = 0; b < INP_BANKS; b++) begin : gen_bank
    logic gemm_here;
    assign gemm_here = gemm_re_q && gemm_at_q.bank == BANK_BITS'(b);
    for (genvar p = 0; p < BLOCKS; p++) begin : gen_part
      logic alu_here;
      assign alu_here = alu_re_q && alu_at_q.bank == BANK_BITS'(b) && alu_at_q.part == PART_BITS'(p);
      ram_1r1w #(.WIDTH(GROUP_BITS), .DEPTH(INP_DEPTH)) i_ram (
        .clk_i,
        .we_i(we_q && to_q.bank == BANK_BITS'(b) && to_q.part == PART_BITS'(p)), .waddr_i(to_q.word), .wdata_i(wdata_q),
        .re_i(gemm_here || alu_here),
        .raddr_i(gemm_here ? gemm_at_q.word : alu_at_q.word),
        .rdata_o(rdata[b][p])
      );
    end
  end

  // --- Choice of the bank ---

  logic [1:0] gemm_valid_q, alu_valid_q;
  logic [1:0][BANK_BITS-1:0] gemm_bank_q, alu_bank_q;
  logic [1:0][PART_BITS-1:0] alu_part_q;

  always_ff @(posedge clk_i) begin
    gemm_valid_q <= {gemm_valid_q[0], gemm_re_q};
    alu_valid_q <= {alu_valid_q[0], alu_re_q};
    gemm_bank_q <= {gemm_bank_q[0], gemm_at_q.bank};
    alu_bank_q <= {alu_bank_q[0], alu_at_q.bank};
    alu_part_q <= {alu_part_q[0], alu_at_q.part};
    if (gemm_valid_q[1]) begin
      for (int unsigned p = 0; p < BLOCKS; p++) begin
        gemm_data_o[p*GROUP_BITS+:GROUP_BITS] <= rdata[gemm_bank_q[1]][p];
      end
    end
    if (alu_valid_q[1]) alu_data_o <= rdata[alu_bank_q[1]][alu_part_q[1]];
  end

endmodule
