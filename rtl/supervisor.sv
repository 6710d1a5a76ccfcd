// Runs a launch: start, end, first error, drain, reset.
//
//   IDLE --start--> RUN --at rest at FINISH--> IDLE (done)
//                    \--first fault--> HALT --bus idle--> FAILED (error)
//   any --reset--> DRAIN --bus idle--> CLEAR --> IDLE
//
// The units are at rest when fetch and all units have been quiet for REST cycles. Then the launch is over: with an illegal instruction
// next, it is ILLEGAL; with a unit waiting or tokens left, TOKEN; else it ended well. halt_o: units stop, transfers under
// way are finished. clear_no: synchronous reset of the units. What units report passes a register first.
module supervisor
  import isa_pkg::*;
  import core_pkg::*;
(
  input  logic               clk_i,
  input  logic               rst_ni,
  input  logic               start_i,
  input  logic               reset_i,
  input  address_t           watchdog_i,
  input  rest_t [UNITS-1:0]  rest_i,
  input  fault_t [UNITS:0]   fault_i,
  input  logic               fetch_quiet_i,
  input  logic               fetch_finish_i,
  input  logic               fetch_illegal_i,
  input  logic [PC_BITS-1:0] fetch_pc_i,
  input  logic               tokens_empty_i,
  input  logic               bus_idle_i,
  output logic               launch_o,  // the first cycle of a launch
  output logic               running_o,
  output logic               halt_o,
  output logic               clear_no,
  output logic               event_o,   // done or error
  output logic               busy_o,
  output logic               done_o,
  output logic               error_o,
  output logic [$bits(ERROR_NONE)-1:0] code_o,
  output logic [$bits(UNIT_LOAD)-1:0]  unit_o,
  output logic [PC_BITS-1:0] pc_o,
  output address_t           address_o
);

  localparam int unsigned REST = 16;

  typedef enum logic [2:0] {IDLE, RUN, HALT, FAILED, DRAIN, CLEAR} state_e;
  state_e state_q;

  logic [$clog2(REST+1)-1:0] rest_q;
  logic all_quiet, quiet_q, at_rest, any_waiting;
  rest_t [UNITS-1:0] waits_q;
  fault_t [UNITS:0] faults_q;
  address_t elapsed_q;
  logic expired_q;
  fault_t fault;
  logic [$bits(UNIT_LOAD)-1:0] unit;

  always_comb begin
    all_quiet = fetch_quiet_i;
    any_waiting = 1'b0;
    for (int unsigned u = 0; u < UNITS; u++) begin
      if (!rest_i[u].quiet) all_quiet = 1'b0;
      if (waits_q[u].waiting) any_waiting = 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    quiet_q <= all_quiet;
    waits_q <= rest_i;
    faults_q <= fault_i;
  end

  assign at_rest = rest_q == ($clog2(REST + 1))'(REST);

  always_comb begin
    fault = '0;
    unit = UNIT_FETCH;
    if (at_rest) begin
      if (fetch_illegal_i) begin
        fault = '{valid: 1'b1, code: ERROR_ILLEGAL, pc: fetch_pc_i, address: '0};
      end else if (any_waiting) begin
        fault = '{valid: 1'b1, code: ERROR_TOKEN, pc: '0, address: '0};
        for (int unsigned u = UNITS; u > 0; u--) begin
          if (waits_q[u-1].waiting) begin
            fault.pc = waits_q[u-1].pc;
            unit = ($bits(UNIT_LOAD))'(u - 1);
          end
        end
      end else if (!fetch_finish_i || !tokens_empty_i) begin
        fault = '{valid: 1'b1, code: ERROR_TOKEN, pc: fetch_pc_i, address: '0};
      end
    end
    if (expired_q) begin
      fault = '{valid: 1'b1, code: ERROR_WATCHDOG, pc: fetch_pc_i, address: '0};
      unit = UNIT_FETCH;
    end
    for (int unsigned u = UNITS + 1; u > 0; u--) begin
      if (faults_q[u-1].valid) begin
        fault = faults_q[u-1];
        unit = ($bits(UNIT_LOAD))'(u - 1);
      end
    end
  end

  assign launch_o = state_q == IDLE && start_i && !reset_i;
  assign running_o = state_q == RUN;
  assign halt_o = state_q == HALT || state_q == FAILED || state_q == DRAIN || state_q == CLEAR;
  assign clear_no = rst_ni && state_q != CLEAR;
  assign busy_o = state_q == RUN || state_q == HALT || state_q == DRAIN || state_q == CLEAR;
  assign error_o = state_q == FAILED;

  always_ff @(posedge clk_i) begin
    event_o <= 1'b0;
    rest_q <= (state_q != RUN || !quiet_q) ? '0 : at_rest ? rest_q : rest_q + 1'b1;
    elapsed_q <= (state_q == RUN) ? elapsed_q + 1'b1 : '0;
    expired_q <= state_q == RUN && watchdog_i != '0 && elapsed_q >= watchdog_i;
    unique case (state_q)
      IDLE: if (launch_o) begin
        state_q <= RUN;
        done_o <= 1'b0;
      end
      RUN: if (fault.valid) begin
        state_q <= HALT;
        code_o <= fault.code;
        unit_o <= unit;
        pc_o <= fault.pc;
        address_o <= fault.address;
      end else if (at_rest) begin
        state_q <= IDLE;
        done_o <= 1'b1;
        event_o <= 1'b1;
      end
      HALT: if (bus_idle_i) begin
        state_q <= FAILED;
        event_o <= 1'b1;
      end
      DRAIN: if (bus_idle_i) state_q <= CLEAR;
      CLEAR: begin
        state_q <= IDLE;
        done_o <= 1'b0;
        code_o <= ERROR_NONE;
        unit_o <= '0;
        pc_o <= '0;
        address_o <= '0;
      end
      default: ;
    endcase
    if (reset_i && state_q != CLEAR) state_q <= DRAIN;
    if (launch_o) begin
      rest_q <= '0;
    end
    if (!rst_ni) begin
      state_q <= IDLE;
      done_o <= 1'b0;
      event_o <= 1'b0;
      code_o <= ERROR_NONE;
      unit_o <= '0;
      pc_o <= '0;
      address_o <= '0;
    end
  end

endmodule
