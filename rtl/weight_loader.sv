// First half of GEMM: loads weight tiles into the array's two register sets, one ahead of the stream.
//
// An instruction is taken when the second half can hold it. Set loaded_o[s] means: every word of the tile has
// been requested, a vector issued from now on finds it; used_i[s] in the cycle of the tile's last vector frees the set. Words
// reach the columns OPERAND_STAGE cycles after their request, as vectors do, so that these flags need no further delay.
module weight_loader
  import isa_pkg::*;
  import engine_pkg::*;
  import core_pkg::*;
(
  input  logic                        clk_i,
  input  logic                        rst_ni,
  input  logic                        halt_i,
  input  logic                        queue_valid_i,
  output logic                        queue_pop_o,
  input  logic [PC_BITS-1:0]          queue_pc_i,
  input  logic [INSTRUCTION_BITS-1:0] queue_instruction_i,
  input  logic                        issue_ready_i,
  // weight buffer, two cycles
  output logic                        re_o,
  output logic [WGT_BITS-1:0]         raddr_o,
  input  logic [DATA_BITS-1:0]        rdata_i,
  // columns
  output logic                        word_valid_o,
  output logic                        word_set_o,
  output logic [31:0]                 word_index_o,
  output logic [DATA_BITS-1:0]        word_o,
  output logic [1:0]                  loaded_o,
  input  logic [1:0]                  used_i,
  output logic                        idle_o,
  output fault_t                      fault_o
);

  localparam int unsigned INDEX_BITS = bits(TILE_WORDS);

  gemm_t gemm;
  assign gemm = gemm_t'(queue_instruction_i);

  logic active_q, set_q, empty, start, finish, last_word, request, outside_q, v_last, h_last, w_last;
  logic [STEP_BITS-1:0] address_q;
  logic [INDEX_BITS-1:0] index_q;
  logic [PC_BITS-1:0] pc_q;

  assign empty = gemm.v_size == '0 || gemm.h_size == '0 || gemm.w_size == '0 || gemm.i_size == '0 || gemm.j_size == '0;
  assign queue_pop_o = queue_valid_i && (!active_q || finish) && issue_ready_i && !halt_i;
  assign start = queue_pop_o && !empty;
  assign idle_o = !active_q;

  assign request = active_q && !loaded_o[set_q] && !outside_q && !halt_i;
  assign last_word = index_q == INDEX_BITS'(TILE_WORDS - 1);
  assign finish = request && last_word && w_last && h_last && v_last;

  loop_counter #(.WIDTH($bits(gemm.w_size))) i_w (
    .clk_i, .load_i(start), .size_i(gemm.w_size), .step_i(request && last_word), .last_o(w_last)
  );
  loop_counter #(.WIDTH($bits(gemm.h_size))) i_h (
    .clk_i, .load_i(start), .size_i(gemm.h_size), .step_i(request && last_word && w_last), .last_o(h_last)
  );
  loop_counter #(.WIDTH($bits(gemm.v_size))) i_v (
    .clk_i, .load_i(start), .size_i(gemm.v_size), .step_i(request && last_word && w_last && h_last), .last_o(v_last)
  );

  assign fault_o = '{valid: active_q && outside_q && !halt_i, code: ERROR_RANGE, pc: pc_q, address: '0};

  always_ff @(posedge clk_i) begin
    for (int unsigned s = 0; s < 2; s++) if (used_i[s]) loaded_o[s] <= 1'b0;
    if (request) begin
      address_q <= address_q + 1'b1;
      outside_q <= address_q >= STEP_BITS'(WGT_DEPTH - 1);
      index_q <= last_word ? '0 : index_q + 1'b1;
      if (last_word) begin
        loaded_o[set_q] <= 1'b1;
        set_q <= !set_q;
      end
      if (finish) active_q <= 1'b0;
    end
    if (start) begin
      active_q <= 1'b1;
      pc_q <= queue_pc_i;
      outside_q <= STEP_BITS'(gemm.wgt_base) >= STEP_BITS'(WGT_DEPTH);
      address_q <= STEP_BITS'(gemm.wgt_base);
      index_q <= '0;
    end
    if (!rst_ni) begin
      active_q <= 1'b0;
      loaded_o <= '0;
      set_q <= 1'b0;
    end
  end

  // Request register, two cycles of memory, word register: OPERAND_STAGE in all.
  logic [2:0] valid_q, set_pipe_q;
  logic [2:0][INDEX_BITS-1:0] index_pipe_q;
  logic [WGT_BITS-1:0] raddr_q;
  logic [INDEX_BITS-1:0] word_index_q;

  assign re_o = valid_q[0];
  assign raddr_o = raddr_q;
  assign word_index_o = 32'(word_index_q);

  always_ff @(posedge clk_i) begin
    valid_q <= {valid_q[1:0], request};
    set_pipe_q <= {set_pipe_q[1:0], set_q};
    index_pipe_q <= {index_pipe_q[1:0], index_q};
    if (request) raddr_q <= WGT_BITS'(address_q);
    word_valid_o <= valid_q[2];
    if (valid_q[2]) begin
      word_set_o <= set_pipe_q[2];
      word_index_q <= index_pipe_q[2];
      word_o <= rdata_i;
    end
    if (!rst_ni) begin
      valid_q <= '0;
      word_valid_o <= 1'b0;
    end
  end

endmodule
