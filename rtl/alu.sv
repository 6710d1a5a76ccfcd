// ALU unit: control of the lanes. One vector of PIX x COLS lanes per cycle.
//
//   queue -> addresses -> candidate -> ACC, INPUT, PARAMETER read -> lanes (alu_pkg) -> ACC, OUT, INPUT write -> tokens
//
// Instructions come with their tokens taken (waiting_i: the next one waits for tokens). The candidate is issued (cycle 0) when its
// INPUT bank is granted, GEMM does not read its accumulator bank in the same cycle, no address it reads is still to be
// written by a vector in flight, and, if it writes accumulators, GEMM does not work on that bank. Range, hazards and GEMM's
// banks are compared in the cycle before, so that the issue itself sees flags only.
// The pipeline never stops. writing_o[b]: a write into accumulator bank b is under way.
module alu
  import isa_pkg::*;
  import engine_pkg::*;
  import core_pkg::*;
  import alu_pkg::*;
#(
  parameter bit STAGE_ENABLES = 1'b1  // see flow_core
) (
  input  logic                          clk_i,
  input  logic                          rst_ni,
  input  logic                          halt_i,
  input  logic                          queue_valid_i,
  output logic                          queue_pop_o,
  input  logic [PC_BITS-1:0]            queue_pc_i,
  input  logic [INSTRUCTION_BITS-1:0]   queue_instruction_i,
  input  logic                          waiting_i,
  output logic                          push_valid_o,
  output logic [UNITS-1:0]              push_mask_o,
  input  logic                          push_ready_i,
  // input buffer
  output logic                          input_re_o,
  input  logic                          input_grant_i,
  output logic [BLOCK_ADDRESS_BITS-1:0] input_block_o,
  output logic                          input_we_o,
  output logic [BLOCK_ADDRESS_BITS-1:0] input_wblock_o,
  // accumulators and parameters: requests at ALU_READ
  output logic                          acc_re_o,
  output logic                          acc_bank_o,
  output logic [ACC_BITS-1:0]           acc_address_o,
  output logic                          parameter_re_o,
  output logic [PAR_BITS-1:0]           parameter_address_o,
  // lanes
  output logic [RESULT:SOURCE]          valid_o,
  output control_t                      control_o[SOURCE:RESULT],
  // writes at ALU_WRITE
  output logic                          acc_we_o,
  output logic                          acc_wbank_o,
  output logic [ACC_BITS-1:0]           acc_waddress_o,
  output logic                          out_we_o,
  output logic [OUT_BITS-1:0]           out_waddress_o,
  output logic [ACC_BANKS-1:0]          writing_o,
  input  logic [ACC_BANKS-1:0]          gemm_busy_i,
  input  logic [ACC_BANKS-1:0]          gemm_soon_i,
  //
  output rest_t                         rest_o,
  output activity_t                     activity_o,
  output fault_t                        fault_o
);

  localparam int unsigned FLIGHT_BITS = $clog2(IN_FLIGHT + 1);

  // --- The next instruction waits beside the one under way ---

  logic ready_q, take, start;
  alu_t ready_alu_q, next;
  logic [PC_BITS-1:0] ready_pc_q;
  logic [FLIGHT_BITS-1:0] flight_q;

  assign next = alu_t'(queue_instruction_i);
  assign take = queue_valid_i && !ready_q && flight_q != FLIGHT_BITS'(IN_FLIGHT) && !halt_i;
  assign queue_pop_o = take;

  always_ff @(posedge clk_i) begin
    if (start) ready_q <= 1'b0;
    if (take) begin
      ready_q <= 1'b1;
      ready_alu_q <= next;
      ready_pc_q <= queue_pc_i;
    end
    if (!rst_ni) ready_q <= 1'b0;
  end

  // --- Addresses of the vector after the candidate ---

  typedef struct packed {
    logic to_acc;
    logic to_out;
    logic to_inp;
    logic reads_acc;
    logic reads_inp;
    logic reads_parameter;
    logic bank;
    logic [ACC_BITS-1:0] acc;
    logic [OUT_BITS-1:0] out;
    logic [BLOCK_ADDRESS_BITS-1:0] dst;
    logic [PAR_BITS-1:0] parameter_vector;
  } access_t;

  logic active_q, empty_q;
  alu_t alu_q;
  control_t prepared, prepared_q;
  logic [PC_BITS-1:0] pc_q;
  logic [STEP_BITS-1:0] acc_k_q, acc_i_q, acc_q, src_k_q, src_i_q, src_q, out_k_q, out_i_q, out_q;
  logic [STEP_BITS-1:0] dst_k_q, dst_i_q, dst_q, par_q;
  logic uses_acc_q, reads_acc_q, reads_inp_q, reads_par_q;
  logic outside, advance, finish, j_last, i_last, k_last;

  always_comb begin
    prepared = '0;
    prepared.op = ready_alu_q.op;
    prepared.src0_inp = ready_alu_q.src0 == SOURCE0_INP;
    prepared.src1 = ready_alu_q.src1;
    prepared.acc_bank = ready_alu_q.acc_bank;
    prepared.table_a = ready_alu_q.table_a;
    prepared.table_b = ready_alu_q.table_b;
    prepared.table_o = ready_alu_q.table_o;
    prepared.slot_a = ready_alu_q.slot_a;
    prepared.slot_b = ready_alu_q.slot_b;
    prepared.slot_o = ready_alu_q.slot_o;
    prepared.channel = ready_alu_q.requant == REQUANT_CHANNEL;
    prepared.multiplier = {1'b1, {(Q31_BITS - 1){1'b0}}};
    if (ready_alu_q.requant == REQUANT_TENSOR) begin
      prepared.multiplier = {1'b0, ready_alu_q.multiplier};
      prepared.left_shift = ready_alu_q.left_shift;
      prepared.right_shift = ready_alu_q.right_shift;
    end
    if (ready_alu_q.requant != REQUANT_NONE) prepared.zero_point = ready_alu_q.zero_point;
    prepared.rounding = ready_alu_q.rounding;
    prepared.clamp = ready_alu_q.clamp;
    prepared.clamp_min = ready_alu_q.clamp_min;
    prepared.clamp_max = ready_alu_q.clamp_max;
    prepared.immediate = ready_alu_q.immediate;
  end

  loop_counter #(.WIDTH($bits(alu_q.j_size))) i_j (
    .clk_i, .load_i(start), .size_i(ready_alu_q.j_size), .step_i(advance), .last_o(j_last)
  );
  loop_counter #(.WIDTH($bits(alu_q.i_size))) i_i (
    .clk_i, .load_i(start), .size_i(ready_alu_q.i_size), .step_i(advance && j_last), .last_o(i_last)
  );
  loop_counter #(.WIDTH($bits(alu_q.k_size))) i_k (
    .clk_i, .load_i(start), .size_i(ready_alu_q.k_size), .step_i(advance && j_last && i_last), .last_o(k_last)
  );

  assign outside = (uses_acc_q && acc_q >= STEP_BITS'(ACC_DEPTH)) ||
                   (reads_inp_q && src_q >= STEP_BITS'(INP_BLOCKS)) ||
                   (alu_q.to_out == 1'b1 && out_q >= STEP_BITS'(OUT_DEPTH)) ||
                   (alu_q.to_inp == 1'b1 && dst_q >= STEP_BITS'(INP_BLOCKS)) ||
                   (reads_par_q && par_q >= STEP_BITS'(PAR_DEPTH));
  assign finish = advance && (empty_q || (j_last && i_last && k_last));
  assign start = ready_q && !active_q;

  always_ff @(posedge clk_i) begin
    if (advance) begin
      if (!j_last) begin
        acc_q <= acc_q + STEP_BITS'(alu_q.j_acc);
        src_q <= src_q + STEP_BITS'(alu_q.j_src);
        out_q <= out_q + STEP_BITS'(alu_q.j_out);
        dst_q <= dst_q + STEP_BITS'(alu_q.j_dst);
      end else if (!i_last) begin
        acc_q <= acc_i_q + STEP_BITS'(alu_q.i_acc);
        acc_i_q <= acc_i_q + STEP_BITS'(alu_q.i_acc);
        src_q <= src_i_q + STEP_BITS'(alu_q.i_src);
        src_i_q <= src_i_q + STEP_BITS'(alu_q.i_src);
        out_q <= out_i_q + STEP_BITS'(alu_q.i_out);
        out_i_q <= out_i_q + STEP_BITS'(alu_q.i_out);
        dst_q <= dst_i_q + STEP_BITS'(alu_q.i_dst);
        dst_i_q <= dst_i_q + STEP_BITS'(alu_q.i_dst);
      end else begin
        acc_q <= acc_k_q + STEP_BITS'(alu_q.k_acc);
        acc_i_q <= acc_k_q + STEP_BITS'(alu_q.k_acc);
        acc_k_q <= acc_k_q + STEP_BITS'(alu_q.k_acc);
        src_q <= src_k_q + STEP_BITS'(alu_q.k_src);
        src_i_q <= src_k_q + STEP_BITS'(alu_q.k_src);
        src_k_q <= src_k_q + STEP_BITS'(alu_q.k_src);
        out_q <= out_k_q + STEP_BITS'(alu_q.k_out);
        out_i_q <= out_k_q + STEP_BITS'(alu_q.k_out);
        out_k_q <= out_k_q + STEP_BITS'(alu_q.k_out);
        dst_q <= dst_k_q + STEP_BITS'(alu_q.k_dst);
        dst_i_q <= dst_k_q + STEP_BITS'(alu_q.k_dst);
        dst_k_q <= dst_k_q + STEP_BITS'(alu_q.k_dst);
        par_q <= par_q + STEP_BITS'(alu_q.par_stride);
      end
    end
    if (finish) active_q <= 1'b0;
    if (start) begin
      active_q <= 1'b1;
      empty_q <= ready_alu_q.k_size == '0 || ready_alu_q.i_size == '0 || ready_alu_q.j_size == '0;
      alu_q <= ready_alu_q;
      prepared_q <= prepared;
      pc_q <= ready_pc_q;
      uses_acc_q <= ready_alu_q.src0 == SOURCE0_ACC || ready_alu_q.to_acc == 1'b1;
      reads_acc_q <= ready_alu_q.src0 == SOURCE0_ACC;
      reads_inp_q <= ready_alu_q.src0 == SOURCE0_INP || ready_alu_q.src1 == SOURCE1_INP;
      reads_par_q <= ready_alu_q.src1 == SOURCE1_BIAS || ready_alu_q.requant == REQUANT_CHANNEL ||
                     ready_alu_q.op == ALU_MAC;
      acc_q <= STEP_BITS'(ready_alu_q.acc_base);
      acc_i_q <= STEP_BITS'(ready_alu_q.acc_base);
      acc_k_q <= STEP_BITS'(ready_alu_q.acc_base);
      src_q <= STEP_BITS'(ready_alu_q.src_base);
      src_i_q <= STEP_BITS'(ready_alu_q.src_base);
      src_k_q <= STEP_BITS'(ready_alu_q.src_base);
      out_q <= STEP_BITS'(ready_alu_q.out_base);
      out_i_q <= STEP_BITS'(ready_alu_q.out_base);
      out_k_q <= STEP_BITS'(ready_alu_q.out_base);
      dst_q <= STEP_BITS'(ready_alu_q.dst_base);
      dst_i_q <= STEP_BITS'(ready_alu_q.dst_base);
      dst_k_q <= STEP_BITS'(ready_alu_q.dst_base);
      par_q <= STEP_BITS'(ready_alu_q.par_base);
    end
    if (!rst_ni) active_q <= 1'b0;
  end

  // --- Candidate: checked and compared with the vectors in flight, waits for its issue ---

  logic [ALU_VISIBLE:1] valid_q, last_q;
  access_t access_q[1:ALU_VISIBLE-1];
  control_t control_q[1:RESULT];
  push_t push_q[1:ALU_VISIBLE];

  logic candidate_q, nothing_q, outside_q, final_q, hazard_q, taken_q, could, issue;
  access_t access_new, access_c_q;
  control_t control_c_q;
  push_t push_c_q;
  logic [BLOCK_ADDRESS_BITS-1:0] src_c_q;
  logic [ALU_VISIBLE-3:0] hit, hit_q;  // [s]: what is to be the candidate reads what the vector in stage s writes

  always_comb begin
    access_new = '{to_acc: alu_q.to_acc, to_out: alu_q.to_out, to_inp: alu_q.to_inp, reads_acc: reads_acc_q,
                   reads_inp: reads_inp_q, reads_parameter: reads_par_q, bank: alu_q.acc_bank, acc: ACC_BITS'(acc_q),
                   out: OUT_BITS'(out_q), dst: BLOCK_ADDRESS_BITS'(dst_q), parameter_vector: PAR_BITS'(par_q)};
    hit[0] = candidate_q && !nothing_q &&
             ((reads_acc_q && access_c_q.to_acc && access_c_q.bank == access_new.bank && access_c_q.acc == access_new.acc) ||
              (reads_inp_q && access_c_q.to_inp && access_c_q.dst == BLOCK_ADDRESS_BITS'(src_q)));
    for (int unsigned s = 1; s <= ALU_VISIBLE - 3; s++) begin
      hit[s] = valid_q[s] &&
               ((reads_acc_q && access_q[s].to_acc && access_q[s].bank == access_new.bank &&
                 access_q[s].acc == access_new.acc) ||
                (reads_inp_q && access_q[s].to_inp && access_q[s].dst == BLOCK_ADDRESS_BITS'(src_q)));
    end
  end

  // GEMM has the bank in the next cycle. A write begun in this one is seen by GEMM before its first vector.
  function automatic logic taken(input logic reads, input logic writes, input logic bank);
    return (reads && gemm_soon_i[bank]) || (writes && gemm_busy_i[bank]);
  endfunction

  assign could = candidate_q && !halt_i && (nothing_q || (!outside_q && !hazard_q && !taken_q));
  assign input_re_o = could && access_c_q.reads_inp && !nothing_q;
  assign input_block_o = src_c_q;
  assign issue = could && (!input_re_o || input_grant_i);
  assign advance = active_q && (!candidate_q || issue);

  always_ff @(posedge clk_i) begin
    if (issue) candidate_q <= 1'b0;
    hazard_q <= hit_q != '0;
    hit_q <= (ALU_VISIBLE - 2)'({hit_q, 1'b0});
    taken_q <= taken(access_c_q.reads_acc, access_c_q.to_acc, access_c_q.bank);
    if (advance) begin
      candidate_q <= 1'b1;
      nothing_q <= empty_q;
      outside_q <= outside;
      final_q <= empty_q || (j_last && i_last && k_last);
      access_c_q <= access_new;
      control_c_q <= prepared_q;
      push_c_q <= '{mask: alu_q.push, pc: pc_q};
      src_c_q <= BLOCK_ADDRESS_BITS'(src_q);
      hazard_q <= hit != '0;
      hit_q <= (ALU_VISIBLE - 2)'({hit, 1'b0});
      taken_q <= taken(access_new.reads_acc, access_new.to_acc, access_new.bank);
    end
    if (!rst_ni) candidate_q <= 1'b0;
  end

  // --- Stages of the vectors in flight ---

  logic [ALU_VISIBLE:1] load;
  assign load = valid_q | {$bits(load){!STAGE_ENABLES}};

  always_ff @(posedge clk_i) begin
    valid_q <= {valid_q[ALU_VISIBLE-1:1], issue && !nothing_q};
    last_q <= {last_q[ALU_VISIBLE-1:1], issue && final_q};
    if (issue || !STAGE_ENABLES) begin
      access_q[1] <= access_c_q;
      control_q[1] <= control_c_q;
      push_q[1] <= push_c_q;
    end
    for (int unsigned s = 2; s < ALU_VISIBLE; s++) if (load[s-1]) access_q[s] <= access_q[s-1];
    for (int unsigned s = 2; s <= RESULT; s++) if (load[s-1]) control_q[s] <= control_q[s-1];
    for (int unsigned s = 2; s <= ALU_VISIBLE; s++) if (last_q[s-1] || !STAGE_ENABLES) push_q[s] <= push_q[s-1];
    if (!rst_ni) begin
      valid_q <= '0;
      last_q <= '0;
    end
  end

  assign acc_re_o = valid_q[ALU_READ] && access_q[ALU_READ].reads_acc;
  assign acc_bank_o = access_q[ALU_READ].bank;
  assign acc_address_o = access_q[ALU_READ].acc;
  assign parameter_re_o = valid_q[ALU_READ] && access_q[ALU_READ].reads_parameter;
  assign parameter_address_o = access_q[ALU_READ].parameter_vector;

  assign valid_o = valid_q[RESULT:SOURCE];
  for (genvar s = SOURCE; s <= RESULT; s++) begin : gen_control
    assign control_o[s] = control_q[s];
  end

  assign acc_we_o = valid_q[ALU_WRITE] && access_q[ALU_WRITE].to_acc;
  assign acc_wbank_o = access_q[ALU_WRITE].bank;
  assign acc_waddress_o = access_q[ALU_WRITE].acc;
  assign out_we_o = valid_q[ALU_WRITE] && access_q[ALU_WRITE].to_out;
  assign out_waddress_o = access_q[ALU_WRITE].out;
  assign input_we_o = valid_q[ALU_WRITE] && access_q[ALU_WRITE].to_inp;
  assign input_wblock_o = access_q[ALU_WRITE].dst;

  always_ff @(posedge clk_i) begin
    writing_o <= '0;
    if (issue && !nothing_q && access_c_q.to_acc) writing_o[access_c_q.bank] <= 1'b1;
    for (int unsigned s = 1; s < ALU_WRITE; s++) begin
      if (valid_q[s] && access_q[s].to_acc) writing_o[access_q[s].bank] <= 1'b1;
    end
    if (!rst_ni) writing_o <= '0;
  end

  // --- Tokens given ---

  logic pushes_ready, pushed;
  push_t push;

  fifo #(.WIDTH($bits(push_t)), .DEPTH(IN_FLIGHT)) i_pushes (
    .clk_i, .rst_ni,
    .push_i(last_q[ALU_VISIBLE]), .ready_o(pushes_ready), .data_i(push_q[ALU_VISIBLE]),
    .valid_o(push_valid_o), .pop_i(push_ready_i), .data_o(push)
  );
  assign push_mask_o = push.mask;
  assign pushed = push_valid_o && push_ready_i;

  always_ff @(posedge clk_i) begin
    flight_q <= flight_q + FLIGHT_BITS'(take) - FLIGHT_BITS'(pushed);
    if (!rst_ni) flight_q <= '0;
  end

  assign fault_o = '{valid: candidate_q && !nothing_q && outside_q && !halt_i, code: ERROR_RANGE, pc: push_c_q.pc,
                     address: '0};
  assign rest_o.quiet = !ready_q && !active_q && !candidate_q && valid_q == '0 && last_q == '0 && !pushed && !take;
  assign rest_o.waiting = (push_valid_o && !push_ready_i) || waiting_i;
  assign rest_o.pc = push_valid_o ? push.pc : queue_pc_i;
  assign activity_o.busy = issue && !nothing_q;
  assign activity_o.starved = waiting_i && !candidate_q && !active_q && !ready_q;
  assign activity_o.blocked = candidate_q && !issue;

endmodule
