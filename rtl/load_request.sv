// First half of LOAD: turns instructions into read bursts, ahead of the data.
//
// An instruction is taken when the second half can hold it (receive_ready_i); it is handed on in the same cycle. Bursts follow from the fourth cycle on, one per cycle at best.
module load_request
  import isa_pkg::*;
  import engine_pkg::*;
  import core_pkg::*;
(
  input  logic                        clk_i,
  input  logic                        rst_ni,
  input  logic                        halt_i,
  input  address_t [REGIONS-1:0]      base_i,
  input  address_t [REGIONS-1:0]      size_i,
  input  logic                        queue_valid_i,
  output logic                        queue_pop_o,
  input  logic [PC_BITS-1:0]          queue_pc_i,
  input  logic [INSTRUCTION_BITS-1:0] queue_instruction_i,
  output logic                        receive_valid_o,
  input  logic                        receive_ready_i,
  output logic                        burst_valid_o,
  input  logic                        burst_ready_i,
  output burst_t                      burst_o,
  output logic                        idle_o,
  output fault_t                      fault_o
);

  load_t load;
  logic empty, generator_ready, splitter_idle, window;
  logic run_valid, run_ready, run_last;
  address_t run_address, window_address;
  logic [RUN_BITS-1:0] run_bytes;
  (* use_dsp = "no" *) logic [RUN_BITS-1:0] bytes;  // products with a constant: adders, all DSPs are the array's
  logic [PC_BITS-1:0] pc_q;

  assign load = load_t'(queue_instruction_i);
  assign empty = load.x_size == '0 || load.y_size == '0 || load.z_size == '0;
  assign bytes = (load.buffer == BUFFER_INPUT) ? RUN_BITS'(load.x_size) * RUN_BITS'(GROUP_BYTES)
                                               : RUN_BITS'(load.x_size) * RUN_BITS'(AXI_BYTES);
  assign queue_pop_o = queue_valid_i && generator_ready && receive_ready_i && !halt_i;
  assign receive_valid_o = queue_pop_o;
  assign idle_o = generator_ready && !run_valid && splitter_idle;

  run_generator i_runs (
    .clk_i, .rst_ni,
    .start_i(queue_pop_o && !empty), .ready_o(generator_ready),
    .rows_i(SIZE_BITS'(load.y_size)), .planes_i(SIZE_BITS'(load.z_size)), .bytes_i(bytes),
    .offset_i(OFFSET_BITS'(load.offset)), .row_pitch_i(OFFSET_BITS'(load.y_pitch)),
    .plane_pitch_i(OFFSET_BITS'(load.z_pitch)), .base_i(base_i[load.region]), .size_i(size_i[load.region]),
    .run_valid_o(run_valid), .run_ready_i(run_ready), .run_address_o(run_address), .run_bytes_o(run_bytes),
    .run_last_o(run_last), .window_o(window), .window_address_o(window_address)
  );

  burst_splitter i_bursts (
    .clk_i, .rst_ni,
    .run_valid_i(run_valid), .run_ready_o(run_ready), .run_address_i(run_address), .run_bytes_i(run_bytes),
    .run_last_i(run_last), .burst_valid_o, .burst_ready_i, .burst_o, .idle_o(splitter_idle)
  );

  assign fault_o = '{valid: window, code: ERROR_WINDOW, pc: pc_q, address: window_address};

  always_ff @(posedge clk_i) if (queue_pop_o) pc_q <= queue_pc_i;

endmodule
