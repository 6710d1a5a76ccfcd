// LOAD unit: device memory to buffers.
//
//   queue -> load_request -> axi_read (AR)
//                |                |
//                v                v (R)
//        instructions -> load_receive -> INPUT, WEIGHT, PARAMETER, TABLE -> tokens
//
// The request half runs ahead of the data by up to IN_FLIGHT instructions, so that the memory's latency is hidden also from
// instruction to instruction. Tokens were taken before (waiting_i: the next
// instruction waits for its own) and are given in order, after the last write. Data are taken whether or not a token
// can be given, so that LOAD never blocks the memory for others.
module load
  import isa_pkg::*;
  import engine_pkg::*;
  import core_pkg::*;
(
  input  logic                          clk_i,
  input  logic                          rst_ni,
  input  logic                          halt_i,
  input  address_t [REGIONS-1:0]        base_i,
  input  address_t [REGIONS-1:0]        size_i,
  input  logic                          queue_valid_i,
  output logic                          queue_pop_o,
  input  logic [PC_BITS-1:0]            queue_pc_i,
  input  logic [INSTRUCTION_BITS-1:0]   queue_instruction_i,
  input  logic                          waiting_i,
  output logic                          push_valid_o,
  output logic [UNITS-1:0]              push_mask_o,
  input  logic                          push_ready_i,
  output logic                          input_we_o,
  input  logic                          input_ready_i,
  output logic [BLOCK_ADDRESS_BITS-1:0] input_block_o,
  output logic [GROUP_BITS-1:0]         input_data_o,
  output logic                          weight_we_o,
  output logic [WGT_BITS-1:0]           weight_address_o,
  output logic                          parameter_we_o,
  output logic [STEP_BITS-1:0]          parameter_address_o,
  output logic [DATA_BITS-1:0]          word_o,
  output logic [2:0]                    table_we_o,
  output logic [TABLE_BITS-1:0]         table_address_o,
  output logic [VALUE_BITS-1:0]         table_data_o,
  output logic                          bus_idle_o,
  output rest_t                         rest_o,
  output activity_t                     activity_o,
  output fault_t                        fault_o,
  output logic                          arvalid_o,
  input  logic                          arready_i,
  output address_t                      araddr_o,
  output logic [7:0]                    arlen_o,
  input  logic                          rvalid_i,
  output logic                          rready_o,
  input  logic [DATA_BITS-1:0]          rdata_i,
  input  logic [1:0]                    rresp_i,
  input  logic                          rlast_i
);

  localparam int unsigned FLIGHT_BITS = $clog2(IN_FLIGHT + 1);

  logic burst_valid, burst_ready, receive_valid, receive_ready, request_idle;
  logic beat_valid, beat_ready, beat_error, beat_last, receive_idle, moved;
  logic work_valid, work_pop, work_ready, done, pushes_ready, pushed;
  logic [PC_BITS-1:0] work_pc;
  logic [INSTRUCTION_BITS-1:0] work_instruction;
  logic [DATA_BITS-1:0] beat_data;
  burst_t burst, beat_burst;
  push_t done_push, push;
  fault_t request_fault, receive_fault;
  logic [FLIGHT_BITS-1:0] flight_q;

  assign receive_ready = work_ready && flight_q != FLIGHT_BITS'(IN_FLIGHT);

  load_request i_request (
    .clk_i, .rst_ni, .halt_i, .base_i, .size_i,
    .queue_valid_i, .queue_pop_o, .queue_pc_i, .queue_instruction_i,
    .receive_valid_o(receive_valid), .receive_ready_i(receive_ready),
    .burst_valid_o(burst_valid), .burst_ready_i(burst_ready), .burst_o(burst),
    .idle_o(request_idle), .fault_o(request_fault)
  );

  axi_read i_read (
    .clk_i, .rst_ni, .halt_i, .idle_o(bus_idle_o),
    .burst_valid_i(burst_valid), .burst_ready_o(burst_ready), .burst_i(burst),
    .beat_valid_o(beat_valid), .beat_ready_i(beat_ready), .beat_data_o(beat_data), .beat_error_o(beat_error),
    .beat_last_o(beat_last), .beat_burst_o(beat_burst),
    .arvalid_o, .arready_i, .araddr_o, .arlen_o, .rvalid_i, .rready_o, .rdata_i, .rresp_i, .rlast_i
  );

  fifo #(.WIDTH(PC_BITS + INSTRUCTION_BITS), .DEPTH(IN_FLIGHT)) i_work (
    .clk_i, .rst_ni,
    .push_i(receive_valid), .ready_o(work_ready), .data_i({queue_pc_i, queue_instruction_i}),
    .valid_o(work_valid), .pop_i(work_pop), .data_o({work_pc, work_instruction})
  );

  load_receive i_receive (
    .clk_i, .rst_ni, .halt_i,
    .valid_i(work_valid), .pop_o(work_pop), .pc_i(work_pc), .load_i(load_t'(work_instruction)),
    .beat_valid_i(beat_valid), .beat_ready_o(beat_ready), .beat_data_i(beat_data), .beat_error_i(beat_error),
    .beat_last_i(beat_last), .beat_burst_i(beat_burst),
    .input_we_o, .input_ready_i, .input_block_o, .input_data_o, .weight_we_o, .weight_address_o, .parameter_we_o,
    .parameter_address_o, .word_o, .table_we_o, .table_address_o, .table_data_o,
    .done_o(done), .done_push_o(done_push), .idle_o(receive_idle), .moved_o(moved), .fault_o(receive_fault)
  );

  fifo #(.WIDTH($bits(push_t)), .DEPTH(IN_FLIGHT)) i_pushes (
    .clk_i, .rst_ni,
    .push_i(done), .ready_o(pushes_ready), .data_i(done_push),
    .valid_o(push_valid_o), .pop_i(push_ready_i), .data_o(push)
  );

  assign push_mask_o = push.mask;
  assign pushed = push_valid_o && push_ready_i;

  always_ff @(posedge clk_i) begin
    flight_q <= flight_q + FLIGHT_BITS'(queue_pop_o) - FLIGHT_BITS'(pushed);
    if (!rst_ni) flight_q <= '0;
  end

  assign fault_o = receive_fault.valid ? receive_fault : request_fault;

  logic internal;
  assign internal = !request_idle || !bus_idle_o || work_valid || !receive_idle || done;
  assign rest_o.quiet = !internal && !pushed && !queue_pop_o;
  assign rest_o.waiting = (push_valid_o && !push_ready_i) || waiting_i;
  assign rest_o.pc = push_valid_o ? push.pc : queue_pc_i;
  assign activity_o.busy = internal;
  assign activity_o.starved = waiting_i && !internal;
  assign activity_o.blocked = internal && !moved;

endmodule
