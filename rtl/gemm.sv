// GEMM unit: control of the array. One vector per cycle, without a bubble between tiles or instructions.
//
//   queue -> weight_loader -> instructions -> issue -> INPUT read -> array -> ACC read, add, write -> tokens
//
// A vector is issued (cycle 0) when its tile is loaded, its INPUT bank is granted, no accumulator it reads is still to be written by a
// vector in flight, and ALU has no write under way into its accumulator bank. Accumulators are read at GEMM_READ and
// written at GEMM_WRITE; read_*, sum_* and write_* are those stages' controls. A write is seen by reads one cycle later.
// bank_busy_o[b]: this unit works or will work on accumulator bank b; ALU does not begin writes there.
module gemm
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
  output logic                        token_valid_o,
  output logic [UNITS-1:0]            token_mask_o,
  input  logic                        token_ready_i,
  output logic                        push_valid_o,
  output logic [UNITS-1:0]            push_mask_o,
  input  logic                        push_ready_i,
  // weight buffer
  output logic                        weight_re_o,
  output logic [WGT_BITS-1:0]         weight_raddr_o,
  input  logic [DATA_BITS-1:0]        weight_rdata_i,
  // input buffer
  output logic                        input_re_o,
  input  logic                        input_grant_i,
  output logic [VECTOR_BITS-1:0]      input_vector_o,
  // columns
  output logic                        word_valid_o,
  output logic                        word_set_o,
  output logic [31:0]                 word_index_o,
  output logic [DATA_BITS-1:0]        word_o,
  output logic                        operand_valid_o,
  output logic                        operand_set_o,
  output logic                        soon_re_o,
  output logic                        soon_bank_o,
  output logic                        read_re_o,
  output logic                        read_bank_o,
  output logic [ACC_BITS-1:0]         read_address_o,
  output logic                        sum_valid_o,
  output logic                        sum_bank_o,
  output logic                        sum_init_o,
  output logic                        write_we_o,
  output logic                        write_bank_o,
  output logic [ACC_BITS-1:0]         write_address_o,
  // accumulator banks
  output logic [ACC_BANKS-1:0]        bank_busy_o,
  input  logic [ACC_BANKS-1:0]        alu_writing_i,
  //
  output rest_t                       rest_o,
  output activity_t                   activity_o,
  output fault_t                      fault_o
);

  localparam int unsigned FLIGHT_BITS = $clog2(IN_FLIGHT + 1);
  localparam int unsigned LAST = GEMM_WRITE + 1;
  localparam int unsigned HAZARD = GEMM_WRITE - GEMM_READ;  // vectors whose write would be missed

  // --- Weights and tokens ---

  logic issue_ready, work_ready, work_valid, work_pop, waiting, loader_idle;
  logic [1:0] loaded, used;
  logic [FLIGHT_BITS-1:0] flight_q;
  logic [PC_BITS-1:0] work_pc;
  logic [INSTRUCTION_BITS-1:0] work_instruction;
  gemm_t work;
  fault_t loader_fault;

  assign issue_ready = work_ready && flight_q != FLIGHT_BITS'(IN_FLIGHT);

  weight_loader i_weights (
    .clk_i, .rst_ni, .halt_i, .queue_valid_i, .queue_pop_o, .queue_pc_i, .queue_instruction_i,
    .token_valid_o, .token_mask_o, .token_ready_i, .issue_ready_i(issue_ready),
    .re_o(weight_re_o), .raddr_o(weight_raddr_o), .rdata_i(weight_rdata_i),
    .word_valid_o, .word_set_o, .word_index_o, .word_o,
    .loaded_o(loaded), .used_i(used), .waiting_o(waiting), .idle_o(loader_idle), .fault_o(loader_fault)
  );

  fifo #(.WIDTH(PC_BITS + INSTRUCTION_BITS), .DEPTH(4)) i_work (
    .clk_i, .rst_ni,
    .push_i(queue_pop_o), .ready_o(work_ready), .data_i({queue_pc_i, queue_instruction_i}),
    .valid_o(work_valid), .pop_i(work_pop), .data_o({work_pc, work_instruction})
  );
  assign work = gemm_t'(work_instruction);

  // --- Issue ---

  typedef struct packed {
    logic valid;
    logic init;
    logic set;
    logic bank;
    logic [ACC_BITS-1:0] address;
    logic last;
    push_t push;
  } stage_t;

  stage_t stage_q[1:LAST];

  logic active_q, set_q, first_q, empty_q;
  gemm_t gemm_q;
  logic [PC_BITS-1:0] pc_q;
  logic [SIZE_BITS-1:0] v_q, h_q, w_q, i_q, j_q;
  logic [STEP_BITS-1:0] inp_v_q, inp_h_q, inp_w_q, inp_i_q, inp_q, acc_i_q, acc_q;
  logic v_last, h_last, w_last, i_last, j_last, outside, hazard, could, issue, finish, tile_end;

  assign j_last = j_q + 1'b1 == SIZE_BITS'(gemm_q.j_size);
  assign i_last = i_q + 1'b1 == SIZE_BITS'(gemm_q.i_size);
  assign w_last = w_q + 1'b1 == SIZE_BITS'(gemm_q.w_size);
  assign h_last = h_q + 1'b1 == SIZE_BITS'(gemm_q.h_size);
  assign v_last = v_q + 1'b1 == SIZE_BITS'(gemm_q.v_size);

  always_comb begin
    hazard = 1'b0;
    for (int unsigned s = 1; s <= HAZARD; s++) begin
      if (stage_q[s].valid && stage_q[s].bank == gemm_q.acc_bank && STEP_BITS'(stage_q[s].address) == acc_q)
        hazard = 1'b1;
    end
    if (first_q && gemm_q.init == 1'b1) hazard = 1'b0;
  end

  assign outside = inp_q >= STEP_BITS'(INP_VECTORS) || acc_q >= STEP_BITS'(ACC_DEPTH);
  assign could = active_q && !empty_q && loaded[set_q] && !hazard && !outside && !alu_writing_i[gemm_q.acc_bank] &&
                 !halt_i;
  assign input_re_o = could;
  assign input_vector_o = VECTOR_BITS'(inp_q);
  assign issue = could && input_grant_i;
  assign tile_end = issue && j_last && i_last;
  assign finish = (tile_end && w_last && h_last && v_last) || (active_q && empty_q && !halt_i);
  assign used[0] = tile_end && !set_q;
  assign used[1] = tile_end && set_q;
  assign work_pop = work_valid && (!active_q || finish);

  logic [STEP_BITS-1:0] next_w, next_h, next_v, next_i, next_acc_i;
  assign next_i = inp_i_q + STEP_BITS'(gemm_q.i_stride);
  assign next_w = inp_w_q + STEP_BITS'(gemm_q.w_stride);
  assign next_h = inp_h_q + STEP_BITS'(gemm_q.h_stride);
  assign next_v = inp_v_q + STEP_BITS'(gemm_q.v_stride);
  assign next_acc_i = acc_i_q + STEP_BITS'(gemm_q.i_acc);

  always_ff @(posedge clk_i) begin
    if (issue) begin
      if (!j_last) begin
        j_q <= j_q + 1'b1;
        inp_q <= inp_q + STEP_BITS'(gemm_q.j_stride);
        acc_q <= acc_q + STEP_BITS'(gemm_q.j_acc);
      end else if (!i_last) begin
        j_q <= '0;
        i_q <= i_q + 1'b1;
        inp_q <= next_i;
        inp_i_q <= next_i;
        acc_q <= next_acc_i;
        acc_i_q <= next_acc_i;
      end else begin
        j_q <= '0;
        i_q <= '0;
        acc_q <= STEP_BITS'(gemm_q.acc_base);
        acc_i_q <= STEP_BITS'(gemm_q.acc_base);
        set_q <= !set_q;
        first_q <= 1'b0;
        if (!w_last) begin
          w_q <= w_q + 1'b1;
          inp_q <= next_w;
          inp_i_q <= next_w;
          inp_w_q <= next_w;
        end else if (!h_last) begin
          w_q <= '0;
          h_q <= h_q + 1'b1;
          inp_q <= next_h;
          inp_i_q <= next_h;
          inp_w_q <= next_h;
          inp_h_q <= next_h;
        end else begin
          w_q <= '0;
          h_q <= '0;
          v_q <= v_q + 1'b1;
          inp_q <= next_v;
          inp_i_q <= next_v;
          inp_w_q <= next_v;
          inp_h_q <= next_v;
          inp_v_q <= next_v;
        end
      end
    end
    if (finish) active_q <= 1'b0;
    if (work_pop) begin
      active_q <= 1'b1;
      first_q <= 1'b1;
      empty_q <= work.v_size == '0 || work.h_size == '0 || work.w_size == '0 || work.i_size == '0 || work.j_size == '0;
      gemm_q <= work;
      pc_q <= work_pc;
      v_q <= '0;
      h_q <= '0;
      w_q <= '0;
      i_q <= '0;
      j_q <= '0;
      inp_v_q <= STEP_BITS'(work.inp_base);
      inp_h_q <= STEP_BITS'(work.inp_base);
      inp_w_q <= STEP_BITS'(work.inp_base);
      inp_i_q <= STEP_BITS'(work.inp_base);
      inp_q <= STEP_BITS'(work.inp_base);
      acc_i_q <= STEP_BITS'(work.acc_base);
      acc_q <= STEP_BITS'(work.acc_base);
    end
    if (!rst_ni) begin
      active_q <= 1'b0;
      set_q <= 1'b0;
    end
  end

  // --- Stages of the vectors in flight ---

  always_ff @(posedge clk_i) begin
    stage_q[1].valid <= issue;
    stage_q[1].init <= first_q && gemm_q.init == 1'b1;
    stage_q[1].set <= set_q;
    stage_q[1].bank <= gemm_q.acc_bank;
    stage_q[1].address <= ACC_BITS'(acc_q);
    stage_q[1].last <= finish;
    stage_q[1].push <= '{mask: gemm_q.push, pc: pc_q};
    for (int unsigned s = 2; s <= LAST; s++) stage_q[s] <= stage_q[s-1];
    if (!rst_ni) begin
      for (int unsigned s = 1; s <= LAST; s++) begin
        stage_q[s].valid <= 1'b0;
        stage_q[s].last <= 1'b0;
      end
    end
  end

  assign operand_valid_o = stage_q[OPERAND_STAGE].valid;
  assign operand_set_o = stage_q[OPERAND_STAGE].set;
  assign soon_re_o = stage_q[GEMM_READ-ALU_READ].valid && !stage_q[GEMM_READ-ALU_READ].init;
  assign soon_bank_o = stage_q[GEMM_READ-ALU_READ].bank;
  assign read_re_o = stage_q[GEMM_READ].valid && !stage_q[GEMM_READ].init;
  assign read_bank_o = stage_q[GEMM_READ].bank;
  assign read_address_o = stage_q[GEMM_READ].address;
  assign sum_valid_o = stage_q[GEMM_SUM].valid;
  assign sum_bank_o = stage_q[GEMM_SUM].bank;
  assign sum_init_o = stage_q[GEMM_SUM].init;
  assign write_we_o = stage_q[GEMM_WRITE].valid;
  assign write_bank_o = stage_q[GEMM_WRITE].bank;
  assign write_address_o = stage_q[GEMM_WRITE].address;

  logic flowing;
  always_comb begin
    flowing = 1'b0;
    bank_busy_o = '0;
    if (active_q) bank_busy_o[gemm_q.acc_bank] = 1'b1;
    for (int unsigned s = 1; s <= LAST; s++) begin
      if (stage_q[s].valid || stage_q[s].last) flowing = 1'b1;
      if (stage_q[s].valid) bank_busy_o[stage_q[s].bank] = 1'b1;
    end
  end

  // --- Tokens given ---

  logic pushes_ready, pushed;
  push_t push;

  fifo #(.WIDTH($bits(push_t)), .DEPTH(IN_FLIGHT)) i_pushes (
    .clk_i, .rst_ni,
    .push_i(stage_q[LAST].last), .ready_o(pushes_ready), .data_i(stage_q[LAST].push),
    .valid_o(push_valid_o), .pop_i(push_ready_i), .data_o(push)
  );
  assign push_mask_o = push.mask;
  assign pushed = push_valid_o && push_ready_i;

  always_ff @(posedge clk_i) begin
    flight_q <= flight_q + FLIGHT_BITS'(queue_pop_o) - FLIGHT_BITS'(pushed);
    if (!rst_ni) flight_q <= '0;
  end

  always_comb begin
    fault_o = loader_fault;
    if (active_q && !empty_q && outside && !halt_i)
      fault_o = '{valid: 1'b1, code: ERROR_RANGE, pc: pc_q, address: '0};
  end

  assign rest_o.quiet = loader_idle && !work_valid && !active_q && !flowing && !pushed && !queue_pop_o;
  assign rest_o.waiting = (push_valid_o && !push_ready_i) || waiting;
  assign rest_o.pc = push_valid_o ? push.pc : queue_pc_i;
  assign activity_o.busy = issue;
  assign activity_o.starved = waiting && !active_q;
  assign activity_o.blocked = active_q && !issue;

endmodule
