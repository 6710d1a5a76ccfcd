// GEMM unit: control of the array. One vector per cycle, without a bubble between tiles or instructions.
//
//   queue -> weight_loader -> instructions -> addresses -> candidate -> INPUT read -> array -> ACC read, add, write -> tokens
//
// Instructions come with their tokens taken (waiting_i: the next one waits for tokens). The candidate is issued (cycle 0) when its
// tile is loaded, its INPUT bank is granted, no accumulator it reads is still to be written by a vector in flight, and
// ALU has no write under way into its accumulator bank. Range and hazards are compared while the vector becomes the
// candidate, so that the issue itself sees flags only. Accumulators are read at GEMM_READ and
// written at GEMM_WRITE; read_*, sum_* and write_* are those stages' controls. A write is seen by reads one cycle later.
// bank_busy_o[b]: this unit works or will work on accumulator bank b; ALU does not begin writes there, from the next cycle on.
// bank_soon_o[b]: bank b is read in the cycle in which ALU would read it for a vector issued in the next cycle.
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
  input  logic                        waiting_i,
  output logic                        push_valid_o,
  output logic [UNITS-1:0]            push_mask_o,
  input  logic                        push_ready_i,
  // weight buffer
  output logic                        weight_re_o,
  output logic [WGT_BITS-1:0]         weight_raddr_o,
  input  logic [DATA_BITS-1:0]        weight_rdata_i,
  // input buffer
  output logic                        input_want_o,
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
  output logic [ACC_BANKS-1:0]        bank_soon_o,
  input  logic [ACC_BANKS-1:0]        alu_writing_i,
  //
  output rest_t                       rest_o,
  output activity_t                   activity_o,
  output fault_t                      fault_o
);

  localparam int unsigned FLIGHT_BITS = $clog2(IN_FLIGHT + 1);
  localparam int unsigned LAST = GEMM_WRITE + 1;
  localparam int unsigned HAZARD = GEMM_WRITE - GEMM_READ;  // vectors whose write would be missed
  localparam int unsigned SOON = GEMM_READ - ALU_READ - 2;  // two registers before the issue it is compared with

  // --- Weights ---

  logic issue_ready, work_ready, work_valid, work_pop, loader_idle;
  logic [1:0] loaded, used;
  logic [FLIGHT_BITS-1:0] flight_q;
  logic [PC_BITS-1:0] work_pc;
  logic [INSTRUCTION_BITS-1:0] work_instruction;
  gemm_t work;
  fault_t loader_fault;

  assign issue_ready = work_ready && flight_q != FLIGHT_BITS'(IN_FLIGHT);

  weight_loader i_weights (
    .clk_i, .rst_ni, .halt_i, .queue_valid_i, .queue_pop_o, .queue_pc_i, .queue_instruction_i,
    .issue_ready_i(issue_ready),
    .re_o(weight_re_o), .raddr_o(weight_raddr_o), .rdata_i(weight_rdata_i),
    .word_valid_o, .word_set_o, .word_index_o, .word_o,
    .loaded_o(loaded), .used_i(used), .idle_o(loader_idle), .fault_o(loader_fault)
  );

  fifo #(.WIDTH(PC_BITS + INSTRUCTION_BITS), .DEPTH(4)) i_work (
    .clk_i, .rst_ni,
    .push_i(queue_pop_o), .ready_o(work_ready), .data_i({queue_pc_i, queue_instruction_i}),
    .valid_o(work_valid), .pop_i(work_pop), .data_o({work_pc, work_instruction})
  );
  assign work = gemm_t'(work_instruction);

  // --- Addresses of the vector after the candidate ---

  logic active_q, set_q, first_q, empty_q;
  gemm_t gemm_q;
  logic [PC_BITS-1:0] pc_q;
  logic [STEP_BITS-1:0] inp_v_q, inp_h_q, inp_w_q, inp_i_q, inp_q, acc_i_q, acc_q;
  logic v_last, h_last, w_last, i_last, j_last, tile_last, all_last, outside, advance;

  assign work_pop = work_valid && !active_q;
  assign tile_last = j_last && i_last;
  assign all_last = empty_q || (tile_last && w_last && h_last && v_last);
  assign outside = inp_q >= STEP_BITS'(INP_VECTORS) || acc_q >= STEP_BITS'(ACC_DEPTH);

  loop_counter #(.WIDTH($bits(work.j_size))) i_j (
    .clk_i, .load_i(work_pop), .size_i(work.j_size), .step_i(advance), .last_o(j_last)
  );
  loop_counter #(.WIDTH($bits(work.i_size))) i_i (
    .clk_i, .load_i(work_pop), .size_i(work.i_size), .step_i(advance && j_last), .last_o(i_last)
  );
  loop_counter #(.WIDTH($bits(work.w_size))) i_w (
    .clk_i, .load_i(work_pop), .size_i(work.w_size), .step_i(advance && tile_last), .last_o(w_last)
  );
  loop_counter #(.WIDTH($bits(work.h_size))) i_h (
    .clk_i, .load_i(work_pop), .size_i(work.h_size), .step_i(advance && tile_last && w_last), .last_o(h_last)
  );
  loop_counter #(.WIDTH($bits(work.v_size))) i_v (
    .clk_i, .load_i(work_pop), .size_i(work.v_size), .step_i(advance && tile_last && w_last && h_last),
    .last_o(v_last)
  );

  logic [STEP_BITS-1:0] next_w, next_h, next_v, next_i, next_acc_i;
  assign next_i = inp_i_q + STEP_BITS'(gemm_q.i_stride);
  assign next_w = inp_w_q + STEP_BITS'(gemm_q.w_stride);
  assign next_h = inp_h_q + STEP_BITS'(gemm_q.h_stride);
  assign next_v = inp_v_q + STEP_BITS'(gemm_q.v_stride);
  assign next_acc_i = acc_i_q + STEP_BITS'(gemm_q.i_acc);

  always_ff @(posedge clk_i) begin
    if (advance) begin
      if (!j_last) begin
        inp_q <= inp_q + STEP_BITS'(gemm_q.j_stride);
        acc_q <= acc_q + STEP_BITS'(gemm_q.j_acc);
      end else if (!i_last) begin
        inp_q <= next_i;
        inp_i_q <= next_i;
        acc_q <= next_acc_i;
        acc_i_q <= next_acc_i;
      end else begin
        acc_q <= STEP_BITS'(gemm_q.acc_base);
        acc_i_q <= STEP_BITS'(gemm_q.acc_base);
        if (!empty_q) set_q <= !set_q;
        first_q <= 1'b0;
        if (!w_last) begin
          inp_q <= next_w;
          inp_i_q <= next_w;
          inp_w_q <= next_w;
        end else if (!h_last) begin
          inp_q <= next_h;
          inp_i_q <= next_h;
          inp_w_q <= next_h;
          inp_h_q <= next_h;
        end else begin
          inp_q <= next_v;
          inp_i_q <= next_v;
          inp_w_q <= next_v;
          inp_h_q <= next_v;
          inp_v_q <= next_v;
        end
      end
      if (all_last) active_q <= 1'b0;
    end
    if (work_pop) begin
      active_q <= 1'b1;
      first_q <= 1'b1;
      empty_q <= work.v_size == '0 || work.h_size == '0 || work.w_size == '0 || work.i_size == '0 || work.j_size == '0;
      gemm_q <= work;
      pc_q <= work_pc;
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

  // --- Candidate: checked and compared with the vectors in flight, waits for its issue ---

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
  stage_t candidate_q, candidate_new;
  logic waits_q, outside_q, tile_end_q, hazard_q, could, issue;
  logic [VECTOR_BITS-1:0] vector_q;
  logic [HAZARD-1:0] hit, hit_q;  // [s]: what is to be the candidate adds to what the vector in stage s writes

  always_comb begin
    candidate_new = '{valid: !empty_q, init: first_q && gemm_q.init == 1'b1, set: set_q, bank: gemm_q.acc_bank,
                      address: ACC_BITS'(acc_q), last: all_last, push: '{mask: gemm_q.push, pc: pc_q}};
    hit[0] = waits_q && candidate_q.valid && candidate_q.bank == gemm_q.acc_bank &&
             candidate_q.address == ACC_BITS'(acc_q);
    for (int unsigned s = 1; s < HAZARD; s++) begin
      hit[s] = stage_q[s].valid && stage_q[s].bank == gemm_q.acc_bank && stage_q[s].address == ACC_BITS'(acc_q);
    end
    if (candidate_new.init) hit = '0;
  end

  assign could = waits_q && !halt_i && (!candidate_q.valid ||
                 (loaded[candidate_q.set] && !hazard_q && !outside_q && !alu_writing_i[candidate_q.bank]));
  assign input_want_o = waits_q && candidate_q.valid && loaded[candidate_q.set] && !hazard_q;
  assign input_re_o = could && candidate_q.valid;
  assign input_vector_o = vector_q;
  assign issue = could && (!candidate_q.valid || input_grant_i);
  assign advance = active_q && (!waits_q || issue);
  assign used[0] = issue && tile_end_q && !candidate_q.set;
  assign used[1] = issue && tile_end_q && candidate_q.set;

  always_ff @(posedge clk_i) begin
    if (issue) waits_q <= 1'b0;
    hazard_q <= hit_q != '0;
    hit_q <= HAZARD'({hit_q, 1'b0});
    if (advance) begin
      waits_q <= 1'b1;
      candidate_q <= candidate_new;
      outside_q <= outside;
      tile_end_q <= !empty_q && tile_last;
      vector_q <= VECTOR_BITS'(inp_q);
      hazard_q <= hit != '0;
      hit_q <= HAZARD'({hit, 1'b0});
    end
    if (!rst_ni) waits_q <= 1'b0;
  end

  // --- Stages of the vectors in flight ---

  always_ff @(posedge clk_i) begin
    stage_q[1] <= candidate_q;
    stage_q[1].valid <= issue && candidate_q.valid;
    stage_q[1].last <= issue && candidate_q.last;
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
  assign read_re_o = stage_q[GEMM_READ].valid && !stage_q[GEMM_READ].init;
  assign read_bank_o = stage_q[GEMM_READ].bank;
  assign read_address_o = stage_q[GEMM_READ].address;
  assign sum_valid_o = stage_q[GEMM_SUM].valid;
  assign sum_bank_o = stage_q[GEMM_SUM].bank;
  assign sum_init_o = stage_q[GEMM_SUM].init;
  assign write_we_o = stage_q[GEMM_WRITE].valid;
  assign write_bank_o = stage_q[GEMM_WRITE].bank;
  assign write_address_o = stage_q[GEMM_WRITE].address;

  // bank_busy_o holds from the cycle in which an instruction's addresses begin; it may hold a cycle too long
  logic flowing_q;
  always_ff @(posedge clk_i) begin
    flowing_q <= issue;
    bank_busy_o <= '0;
    bank_soon_o <= '0;
    if (stage_q[SOON].valid && !stage_q[SOON].init) bank_soon_o[stage_q[SOON].bank] <= 1'b1;
    if (work_pop) bank_busy_o[work.acc_bank] <= 1'b1;
    if (active_q) bank_busy_o[gemm_q.acc_bank] <= 1'b1;
    if (waits_q) bank_busy_o[candidate_q.bank] <= 1'b1;
    for (int unsigned s = 1; s < LAST; s++) begin
      if (stage_q[s].valid || stage_q[s].last) flowing_q <= 1'b1;
      if (stage_q[s].valid) bank_busy_o[stage_q[s].bank] <= 1'b1;
    end
    if (!rst_ni) begin
      flowing_q <= 1'b0;
      bank_busy_o <= '0;
      bank_soon_o <= '0;
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
    if (waits_q && candidate_q.valid && outside_q && !halt_i)
      fault_o = '{valid: 1'b1, code: ERROR_RANGE, pc: candidate_q.push.pc, address: '0};
  end

  assign rest_o.quiet = loader_idle && !work_valid && !active_q && !waits_q && !flowing_q && !pushed && !queue_pop_o;
  assign rest_o.waiting = (push_valid_o && !push_ready_i) || waiting_i;
  assign rest_o.pc = push_valid_o ? push.pc : queue_pc_i;
  assign activity_o.busy = issue && candidate_q.valid;
  assign activity_o.starved = waiting_i && !active_q && !waits_q;
  assign activity_o.blocked = waits_q && !issue;

endmodule
