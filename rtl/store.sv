// STORE unit: output buffer to device memory.
//
//   queue -> tokens -> run_generator -> burst_splitter -> axi_write (AW) .......... (B) -> token to LOAD
//                 \-> OUT read -> groups -> gearbox_out -> (W)
//                          \-> token to ALU: the output buffer was read
//
// The next instruction is taken when the rows of the one before are on their way and its groups were read.
module store
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
  input  logic                        waiting_i,
  output logic                        read_push_valid_o,     // OUT was read
  output logic [UNITS-1:0]            read_push_mask_o,
  input  logic                        read_push_ready_i,
  output logic                        written_push_valid_o,  // memory was written
  output logic [UNITS-1:0]            written_push_mask_o,
  input  logic                        written_push_ready_i,
  // output buffer, two cycles
  output logic                        out_re_o,
  output logic [OUT_BITS-1:0]         out_raddr_o,
  input  logic [GROUP_BITS-1:0]       out_rdata_i,
  //
  output logic                        bus_idle_o,
  output rest_t                       rest_o,
  output activity_t                   activity_o,
  output fault_t                      fault_o,
  output logic                        awvalid_o,
  input  logic                        awready_i,
  output address_t                    awaddr_o,
  output logic [7:0]                  awlen_o,
  output logic                        wvalid_o,
  input  logic                        wready_i,
  output logic [DATA_BITS-1:0]        wdata_o,
  output logic [AXI_BYTES-1:0]        wstrb_o,
  output logic                        wlast_o,
  input  logic                        bvalid_i,
  output logic                        bready_o,
  input  logic [1:0]                  bresp_i
);

  localparam int unsigned AHEAD = 4;  // groups read ahead, among them those on their way out of the memory
  localparam int unsigned AHEAD_BITS = $clog2(AHEAD + 1);
  localparam int unsigned FLIGHT_BITS = $clog2(IN_FLIGHT + 1);

  // --- Instructions, their tokens taken ---

  store_t next;
  logic take, empty, generator_ready, active_q, entries_ready;

  assign next = store_t'(queue_instruction_i);
  assign empty = next.x_size == '0 || next.y_size == '0 || next.z_size == '0;
  assign take = queue_valid_i && !active_q && generator_ready && entries_ready && !halt_i;
  assign queue_pop_o = take;

  // --- Addresses ---

  logic run_valid, run_ready, run_last, window, burst_valid, burst_ready, splitter_idle;
  address_t run_address, window_address;
  logic [RUN_BITS-1:0] run_bytes;
  (* use_dsp = "no" *) logic [RUN_BITS-1:0] bytes;  // a product with a constant: adders, all DSPs are the array's
  burst_t burst;

  assign bytes = RUN_BITS'(next.x_size) * RUN_BITS'(GROUP_BYTES);

  run_generator i_runs (
    .clk_i, .rst_ni,
    .start_i(take && !empty), .ready_o(generator_ready),
    .rows_i(SIZE_BITS'(next.y_size)), .planes_i(SIZE_BITS'(next.z_size)),
    .bytes_i(bytes),
    .offset_i(OFFSET_BITS'(next.offset)), .row_pitch_i(OFFSET_BITS'(next.y_pitch)),
    .plane_pitch_i(OFFSET_BITS'(next.z_pitch)), .base_i(base_i[next.region]), .size_i(size_i[next.region]),
    .run_valid_o(run_valid), .run_ready_i(run_ready), .run_address_o(run_address), .run_bytes_o(run_bytes),
    .run_last_o(run_last), .window_o(window), .window_address_o(window_address)
  );

  burst_splitter i_bursts (
    .clk_i, .rst_ni,
    .run_valid_i(run_valid), .run_ready_o(run_ready), .run_address_i(run_address), .run_bytes_i(run_bytes),
    .run_last_i(run_last), .burst_valid_o(burst_valid), .burst_ready_i(burst_ready), .burst_o(burst),
    .idle_o(splitter_idle)
  );

  // --- Groups ---

  store_t store_q;
  logic [PC_BITS-1:0] pc_q;
  logic [STEP_BITS-1:0] address_q, row_q, plane_q;
  logic [AHEAD_BITS-1:0] ahead_q;
  logic [2:1] read_q, read_last_q;
  push_t [2:1] read_push_q;
  logic outside, read, read_last, x_last, y_last, z_last, groups_ready, group_valid, group_ready;
  logic [GROUP_BITS-1:0] group;

  assign outside = address_q >= STEP_BITS'(OUT_DEPTH);
  assign read = active_q && !outside && ahead_q != AHEAD_BITS'(AHEAD) && !halt_i;
  loop_counter #(.WIDTH($bits(next.x_size))) i_x (
    .clk_i, .load_i(take), .size_i(next.x_size), .step_i(read), .last_o(x_last)
  );
  loop_counter #(.WIDTH($bits(next.y_size))) i_y (
    .clk_i, .load_i(take), .size_i(next.y_size), .step_i(read && x_last), .last_o(y_last)
  );
  loop_counter #(.WIDTH($bits(next.z_size))) i_z (
    .clk_i, .load_i(take), .size_i(next.z_size), .step_i(read && x_last && y_last), .last_o(z_last)
  );

  assign read_last = read && x_last && y_last && z_last;
  assign out_re_o = read;
  assign out_raddr_o = OUT_BITS'(address_q);

  always_ff @(posedge clk_i) begin
    if (read) begin
      address_q <= address_q + 1'b1;
      if (x_last) begin
        row_q <= row_q + STEP_BITS'(store_q.y_stride);
        address_q <= row_q + STEP_BITS'(store_q.y_stride);
        if (y_last) begin
          plane_q <= plane_q + STEP_BITS'(store_q.z_stride);
          row_q <= plane_q + STEP_BITS'(store_q.z_stride);
          address_q <= plane_q + STEP_BITS'(store_q.z_stride);
        end
      end
    end
    if (read_last) active_q <= 1'b0;
    if (take) begin
      active_q <= !empty;
      store_q <= next;
      pc_q <= queue_pc_i;
      address_q <= STEP_BITS'(next.base);
      row_q <= STEP_BITS'(next.base);
      plane_q <= STEP_BITS'(next.base);
    end
    ahead_q <= ahead_q + AHEAD_BITS'(read) - AHEAD_BITS'(group_valid && group_ready);
    // an empty instruction passes here, too, so that tokens stay in order
    read_q <= {read_q[1], read};
    read_last_q <= {read_last_q[1], read_last || (take && empty)};
    read_push_q[1] <= (take && empty) ? '{mask: next.push & FROM_ALU, pc: queue_pc_i}
                                      : '{mask: store_q.push & FROM_ALU, pc: pc_q};
    read_push_q[2] <= read_push_q[1];
    if (!rst_ni) begin
      active_q <= 1'b0;
      ahead_q <= '0;
      read_q <= '0;
      read_last_q <= '0;
    end
  end

  fifo #(.WIDTH(GROUP_BITS), .DEPTH(AHEAD)) i_groups (
    .clk_i, .rst_ni,
    .push_i(read_q[2]), .ready_o(groups_ready), .data_i(out_rdata_i),
    .valid_o(group_valid), .pop_i(group_ready), .data_o(group)
  );

  // --- Beats ---

  logic beat_burst_valid, beat_pop, beat_valid, beat_ready, beat_last, response, response_error;
  logic [DATA_BITS-1:0] beat_data;
  logic [AXI_BYTES-1:0] beat_strobe;
  burst_t beat_burst, response_burst;

  gearbox_out i_gearbox (
    .clk_i, .rst_ni, .halt_i,
    .group_valid_i(group_valid), .group_ready_o(group_ready), .group_i(group),
    .burst_valid_i(beat_burst_valid), .burst_pop_o(beat_pop), .burst_i(beat_burst),
    .beat_valid_o(beat_valid), .beat_ready_i(beat_ready), .beat_data_o(beat_data), .beat_strobe_o(beat_strobe),
    .beat_last_o(beat_last)
  );

  axi_write i_write (
    .clk_i, .rst_ni, .halt_i, .idle_o(bus_idle_o),
    .burst_valid_i(burst_valid), .burst_ready_o(burst_ready), .burst_i(burst),
    .beat_burst_valid_o(beat_burst_valid), .beat_burst_o(beat_burst), .beat_pop_i(beat_pop),
    .beat_valid_i(beat_valid), .beat_ready_o(beat_ready), .beat_data_i(beat_data), .beat_strobe_i(beat_strobe),
    .beat_last_i(beat_last),
    .response_o(response), .response_error_o(response_error), .response_burst_o(response_burst),
    .awvalid_o, .awready_i, .awaddr_o, .awlen_o, .wvalid_o, .wready_i, .wdata_o, .wstrb_o, .wlast_o,
    .bvalid_i, .bready_o, .bresp_i
  );

  // --- Tokens given: to ALU when OUT was read, to LOAD when the last response came; both in order ---

  typedef struct packed {
    logic empty;
    push_t push;
  } entry_t;

  entry_t entry, entry_new;
  push_t read_push;
  logic entry_valid, written, read_pushes_ready;
  logic [FLIGHT_BITS-1:0] written_q;  // instructions wholly written whose entry is still there

  assign entry_new.empty = empty;
  assign entry_new.push = '{mask: next.push & ~FROM_ALU, pc: queue_pc_i};

  fifo #(.WIDTH($bits(entry_t)), .DEPTH(IN_FLIGHT)) i_entries (
    .clk_i, .rst_ni,
    .push_i(take), .ready_o(entries_ready), .data_i(entry_new),
    .valid_o(entry_valid), .pop_i(written_push_valid_o && written_push_ready_i), .data_o(entry)
  );

  assign written_push_valid_o = entry_valid && (entry.empty || written_q != '0);
  assign written_push_mask_o = entry.push.mask;
  assign written = response && response_burst.last;

  always_ff @(posedge clk_i) begin
    written_q <= written_q + FLIGHT_BITS'(written) -
                 FLIGHT_BITS'(written_push_valid_o && written_push_ready_i && !entry.empty);
    if (!rst_ni) written_q <= '0;
  end

  fifo #(.WIDTH($bits(push_t)), .DEPTH(IN_FLIGHT)) i_read_pushes (
    .clk_i, .rst_ni,
    .push_i(read_last_q[2]), .ready_o(read_pushes_ready), .data_i(read_push_q[2]),
    .valid_o(read_push_valid_o), .pop_i(read_push_ready_i), .data_o(read_push)
  );
  assign read_push_mask_o = read_push.mask;

  always_comb begin
    fault_o = '0;
    fault_o.pc = pc_q;
    if (response && response_error) begin
      fault_o = '{valid: 1'b1, code: ERROR_BUS, pc: entry.push.pc, address: response_burst.address};
    end else if (window) begin
      fault_o.valid = 1'b1;
      fault_o.code = ERROR_WINDOW;
      fault_o.address = window_address;
    end else if (active_q && outside && !halt_i) begin
      fault_o.valid = 1'b1;
      fault_o.code = ERROR_RANGE;
    end
  end

  logic internal;
  assign internal = active_q || !generator_ready || run_valid || !splitter_idle || read_q != '0 || read_last_q != '0 ||
                    group_valid || !bus_idle_o;
  assign rest_o.quiet = !internal && !take && !(read_push_valid_o && read_push_ready_i) &&
                        !(written_push_valid_o && written_push_ready_i);
  assign rest_o.waiting = (read_push_valid_o && !read_push_ready_i) ||
                          (written_push_valid_o && !written_push_ready_i) || waiting_i;
  assign rest_o.pc = (read_push_valid_o && !read_push_ready_i) ? read_push.pc :
                     entry_valid ? entry.push.pc : queue_pc_i;
  assign activity_o.busy = internal;
  assign activity_o.starved = waiting_i && !internal;
  assign activity_o.blocked = wvalid_o && !wready_i;

endmodule
