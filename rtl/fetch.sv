// Instruction fetch: reads the stream's header and instructions ahead, checks them, and deals them to the units' queues
// in program order.
//
// start_i: a pulse; the windows and program_i are stable during the launch. One burst of up to CHUNK instructions is
// outstanding; its beats pass one register. halt_i: no new requests, answers are dropped. quiet_o: fetch cannot go on by
// itself (queue full, FINISH reached, or an illegal instruction is next); the supervisor then judges: finish_o and
// illegal_o with pc_o.
module fetch
  import isa_pkg::*;
  import engine_pkg::*;
  import core_pkg::*;
(
  input  logic                        clk_i,
  input  logic                        rst_ni,
  input  logic                        start_i,
  input  logic                        halt_i,
  input  address_t                    base_i,
  input  address_t                    size_i,
  input  address_t                    program_i,
  // to the queues
  output logic [UNITS-1:0]            queue_valid_o,
  input  logic [UNITS-1:0]            queue_ready_i,
  output logic [PC_BITS-1:0]          queue_pc_o,
  output logic [INSTRUCTION_BITS-1:0] queue_instruction_o,
  // to the supervisor
  output logic                        quiet_o,
  output logic                        finish_o,
  output logic                        illegal_o,
  output logic [PC_BITS-1:0]          pc_o,
  output fault_t                      fault_o,
  output logic                        dispatch_o,
  output logic                        idle_o,
  // memory
  output logic                        arvalid_o,
  input  logic                        arready_i,
  output address_t                    araddr_o,
  output logic [7:0]                  arlen_o,
  input  logic                        rvalid_i,
  output logic                        rready_o,
  input  logic [DATA_BITS-1:0]        rdata_i,
  input  logic [1:0]                  rresp_i,
  input  logic                        rlast_i
);

  localparam int unsigned CHUNK = 8;  // instructions in a burst: 512 aligned bytes
  localparam int unsigned SLOTS = (AXI_BYTES > INSTRUCTION_BYTES) ? AXI_BYTES / INSTRUCTION_BYTES : 1;
  localparam int unsigned BEATS = (AXI_BYTES > INSTRUCTION_BYTES) ? 1 : INSTRUCTION_BYTES / AXI_BYTES;
  localparam int unsigned AHEAD = 2 * CHUNK;
  localparam int unsigned CHUNK_BITS = $clog2(CHUNK);
  localparam int unsigned SLOT_SHIFT = $clog2(INSTRUCTION_BYTES);
  localparam int unsigned BEAT_SHIFT = $clog2(AXI_BYTES);
  localparam int unsigned SLOT_BITS = bits(SLOTS);
  localparam int unsigned BEAT_BITS = bits(BEATS);
  localparam int unsigned FREE_BITS = $clog2(AHEAD + 1);

  typedef enum logic [2:0] {IDLE, CHECK, HEADER, WINDOW, RUN} state_e;
  state_e state_q;

  // --- Requests ---

  address_t next_q, window_q;              // next slot's address; bytes of the stream, for the window check
  logic [PC_BITS-1:0] left_q;              // instructions still to be requested
  logic [PC_BITS-1:0] last_q;                // number of the last instruction
  logic [FREE_BITS-1:0] free_q;            // slots not promised to a request
  logic request_q, outstanding_q, planned_q, request;
  logic [CHUNK_BITS:0] wanted_q, first_slot_q;
  logic [7:0] length_q;
  logic [CHUNK_BITS:0] expect_q;           // instructions still to come of the request
  logic [SLOT_BITS-1:0] slot_q;
  logic [BEAT_BITS-1:0] beat_q;
  logic [CHUNK_BITS:0] room, wanted;
  logic head_pop, fault;

  assign room = (CHUNK_BITS + 1)'(CHUNK) - {1'b0, next_q[SLOT_SHIFT+:CHUNK_BITS]};
  assign wanted = (left_q < PC_BITS'(room)) ? left_q[CHUNK_BITS:0] : room;

  logic [CHUNK_BITS:0] first_slot;
  assign first_slot = (SLOTS == 1) ? '0 : {1'b0, next_q[SLOT_SHIFT+:CHUNK_BITS]} & (CHUNK_BITS + 1)'(SLOTS - 1);

  // beats that hold the wanted instructions
  logic [7:0] length;
  assign length = (SLOTS == 1) ? 8'(8'(wanted) * 8'(BEATS) - 8'd1)
                               : 8'((8'(first_slot) + 8'(wanted) + 8'(SLOTS - 1)) / 8'(SLOTS) - 8'd1);

  // planned_q: wanted_q, first_slot_q and length_q belong to next_q and left_q
  assign request = planned_q && (state_q == HEADER || state_q == RUN) && !halt_i && !request_q && !outstanding_q &&
                   FREE_BITS'(wanted_q) <= free_q;
  assign arvalid_o = request_q;
  assign idle_o = !request_q && !outstanding_q;

  // --- Answers: assemble slots ---

  logic slot_valid, slot_last, answer_q, answer_ready, answer_error_q, answer_last_q;
  logic [DATA_BITS-1:0] answer_data_q;
  logic [INSTRUCTION_BITS-1:0] slot_data;
  logic accept;

  assign accept = answer_q && !halt_i && state_q != IDLE;
  assign rready_o = !answer_q || answer_ready;

  always_ff @(posedge clk_i) begin
    if (rready_o) answer_q <= rvalid_i;
    if (rvalid_i && rready_o) begin
      answer_data_q <= rdata_i;
      answer_error_q <= rresp_i != '0;
      answer_last_q <= rlast_i;
    end
    if (!rst_ni) answer_q <= 1'b0;
  end

  if (SLOTS == 1) begin : gen_narrow
    if (BEATS == 1) begin : gen_equal
      assign slot_data = answer_data_q;
    end else begin : gen_assemble
      logic [INSTRUCTION_BITS-DATA_BITS-1:0] part_q;
      always_ff @(posedge clk_i) begin
        if (accept) part_q <= (INSTRUCTION_BITS - DATA_BITS)'({answer_data_q, part_q} >> DATA_BITS);
      end
      assign slot_data = {answer_data_q, part_q};
    end
    assign slot_last = beat_q == BEAT_BITS'(BEATS - 1);
    assign slot_valid = accept && slot_last;
    assign answer_ready = 1'b1;
  end else begin : gen_wide
    assign slot_data = answer_data_q[32'(slot_q)*INSTRUCTION_BITS+:INSTRUCTION_BITS];
    assign slot_last = slot_q == SLOT_BITS'(SLOTS - 1) || 32'(expect_q) == 1;
    assign slot_valid = accept;
    assign answer_ready = halt_i || slot_last;
  end

  stream_header_t header;
  assign header = stream_header_t'(slot_data);

  logic fifo_ready, head_valid;
  logic [INSTRUCTION_BITS-1:0] head;

  fifo #(.WIDTH(INSTRUCTION_BITS), .DEPTH(AHEAD)) i_prefetch (
    .clk_i, .rst_ni,
    .push_i(slot_valid && state_q == RUN), .ready_o(fifo_ready), .data_i(slot_data),
    .valid_o(head_valid), .pop_i(head_pop), .data_o(head)
  );

  logic [PC_BITS-1:0] arrived_q;

  always_comb begin
    fault_o = '0;
    fault_o.pc = arrived_q;
    fault = 1'b0;
    if (state_q == CHECK && (size_i < 64'(INSTRUCTION_BYTES) || program_i > size_i - 64'(INSTRUCTION_BYTES))) begin
      fault = 1'b1;
      fault_o.code = ERROR_WINDOW;
      fault_o.address = base_i + program_i;
    end else if (accept && answer_error_q) begin
      fault = 1'b1;
      fault_o.code = ERROR_BUS;
      fault_o.address = araddr_o;
    end else if (slot_valid && state_q == HEADER) begin
      if (header.magic != STREAM_MAGIC || 32'(header.abi_major) != ABI_MAJOR || header.config_hash != CONFIG_HASH)
      begin
        fault = 1'b1;
        fault_o.code = ERROR_HEADER;
      end else if (header.count == '0) begin
        fault = 1'b1;
        fault_o.code = ERROR_ILLEGAL;
      end
    end else if (state_q == WINDOW && window_q > size_i - program_i) begin
      fault = 1'b1;
      fault_o.code = ERROR_WINDOW;
      fault_o.address = base_i + size_i;
    end
    fault_o.valid = fault;
  end

  always_ff @(posedge clk_i) begin
    if (request_q && arready_i) begin
      request_q <= 1'b0;
      outstanding_q <= 1'b1;
    end
    if (answer_q && answer_ready && answer_last_q) outstanding_q <= 1'b0;
    if (accept) begin
      beat_q <= (BEATS == 1 || slot_last) ? '0 : beat_q + 1'b1;
    end
    if (slot_valid) begin
      expect_q <= expect_q - 1'b1;
      slot_q <= slot_q + 1'b1;
      if (state_q == RUN) arrived_q <= arrived_q + 1'b1;
    end
    free_q <= free_q + FREE_BITS'(head_pop);

    unique case (state_q)
      CHECK: state_q <= fault ? IDLE : HEADER;
      HEADER: if (slot_valid) begin
        state_q <= fault ? IDLE : WINDOW;
        left_q <= header.count;
        last_q <= header.count - 1'b1;
        window_q <= (64'(header.count) + 64'd1) << SLOT_SHIFT;
      end
      WINDOW: state_q <= fault ? IDLE : RUN;
      default: ;
    endcase

    planned_q <= !request && state_q != WINDOW && left_q != '0;
    wanted_q <= wanted;
    first_slot_q <= first_slot;
    length_q <= length;
    if (request) begin
      request_q <= 1'b1;
      araddr_o <= (next_q >> BEAT_SHIFT) << BEAT_SHIFT;
      arlen_o <= length_q;
      expect_q <= wanted_q;
      slot_q <= SLOT_BITS'(first_slot_q);
      next_q <= next_q + (64'(wanted_q) << SLOT_SHIFT);
      left_q <= left_q - PC_BITS'(wanted_q);
      if (state_q == RUN) free_q <= free_q - FREE_BITS'(wanted_q) + FREE_BITS'(head_pop);
    end

    if (start_i) begin
      state_q <= CHECK;
      next_q <= base_i + program_i;
      left_q <= PC_BITS'(1);
      arrived_q <= '0;
      beat_q <= '0;
    end
    if (!rst_ni) begin
      state_q <= IDLE;
      request_q <= 1'b0;
      outstanding_q <= 1'b0;
      free_q <= FREE_BITS'(AHEAD);
      left_q <= '0;
    end
  end

  // --- Check and dispatch: one instruction at a time between the prefetch buffer and the queues ---

  logic ready_q, scanned_q, looked_q, checked_q, illegal_q, finish_q;
  logic [UNITS:0] bad, bad_q;
  logic [UNITS-1:0] unit, unit_q;
  logic [PC_BITS-1:0] pc_q, index_q;
  logic [INSTRUCTION_BITS-1:0] instruction_q;
  header_t ready;
  logic dispatch;

  legality i_legality (.clk_i, .instruction_i(instruction_q), .bad_o(bad));

  assign ready = header_t'(instruction_q);
  always_comb begin
    unit = '0;
    unique case (ready.opcode)
      OP_LOAD: unit = FROM_LOAD;
      OP_GEMM: unit = FROM_GEMM;
      OP_ALU: unit = FROM_ALU;
      OP_STORE: unit = FROM_STORE;
      default: ;
    endcase
  end

  assign dispatch = checked_q && (unit_q & queue_ready_i) != '0 && !halt_i;
  assign head_pop = head_valid && !ready_q;
  assign queue_valid_o = (checked_q && !halt_i) ? unit_q : '0;
  assign queue_pc_o = pc_q;
  assign queue_instruction_o = instruction_q;
  assign dispatch_o = dispatch;
  assign finish_o = checked_q && finish_q && !illegal_q;
  assign illegal_o = checked_q && illegal_q;
  assign pc_o = pc_q;
  assign quiet_o = checked_q && !dispatch;

  always_ff @(posedge clk_i) begin
    scanned_q <= ready_q && !dispatch;
    looked_q <= scanned_q && !dispatch;
    bad_q <= bad;
    checked_q <= looked_q && !dispatch;
    // FINISH must stand last and only there; an illegal instruction has no unit
    illegal_q <= (unit & bad_q[UNITS-1:0]) != '0 || (unit == '0) != finish_q ||
                 (unit == '0 && (ready.opcode != OP_FINISH || bad_q[UNITS]));
    unit_q <= ((unit & bad_q[UNITS-1:0]) != '0 || finish_q) ? '0 : unit;
    if (dispatch) ready_q <= 1'b0;
    if (head_pop) begin
      ready_q <= 1'b1;
      finish_q <= index_q == last_q;
      pc_q <= index_q;
      index_q <= index_q + 1'b1;
      instruction_q <= head;
    end
    if (!rst_ni || start_i) begin
      ready_q <= 1'b0;
      scanned_q <= 1'b0;
      looked_q <= 1'b0;
      checked_q <= 1'b0;
      index_q <= '0;
    end
  end

endmodule
