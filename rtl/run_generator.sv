// The rows of an instruction as runs of bytes in device memory, each checked against its region.
//
// start_i with ready_o high takes the parameters (at least one row and plane, bytes_i > 0). From the third cycle on one
// run per cycle: address and bytes; last marks the final one. window_o: the run at window_address_o leaves its region;
// generation has stopped.
module run_generator
  import core_pkg::*;
(
  input  logic                   clk_i,
  input  logic                   rst_ni,
  input  logic                   start_i,
  output logic                   ready_o,
  input  logic [SIZE_BITS-1:0]   rows_i,
  input  logic [SIZE_BITS-1:0]   planes_i,
  input  logic [RUN_BITS-1:0]    bytes_i,
  input  logic [OFFSET_BITS-1:0] offset_i,
  input  logic [OFFSET_BITS-1:0] row_pitch_i,
  input  logic [OFFSET_BITS-1:0] plane_pitch_i,
  input  address_t               base_i,
  input  address_t               size_i,
  output logic                   run_valid_o,
  input  logic                   run_ready_i,
  output address_t               run_address_o,
  output logic [RUN_BITS-1:0]    run_bytes_o,
  output logic                   run_last_o,
  output logic                   window_o,
  output address_t               window_address_o
);

  logic active_q, prepared_q, too_long_q;
  logic [SIZE_BITS-1:0] rows_q, row_q, plane_q;
  logic [RUN_BITS-1:0] bytes_q;
  logic [OFFSET_BITS-1:0] offset_q, plane_offset_q, row_pitch_q, plane_pitch_q;
  address_t base_q, size_q, limit_q;
  logic last_row, last_plane, step, outside;

  assign ready_o = !active_q;
  assign last_row = row_q == SIZE_BITS'(1);
  assign last_plane = plane_q == SIZE_BITS'(1);
  assign outside = too_long_q || 64'(offset_q) > limit_q;
  assign step = active_q && prepared_q && (!run_valid_o || run_ready_i);
  assign window_o = step && outside;
  assign window_address_o = base_q + 64'(offset_q);

  always_ff @(posedge clk_i) begin
    if (run_ready_i) run_valid_o <= 1'b0;
    if (start_i && ready_o) begin
      active_q <= 1'b1;
      prepared_q <= 1'b0;
      rows_q <= rows_i;
      row_q <= rows_i;
      plane_q <= planes_i;
      bytes_q <= bytes_i;
      offset_q <= offset_i;
      plane_offset_q <= offset_i;
      row_pitch_q <= row_pitch_i;
      plane_pitch_q <= plane_pitch_i;
      base_q <= base_i;
      size_q <= size_i;
    end
    if (active_q && !prepared_q) begin
      prepared_q <= 1'b1;
      too_long_q <= 64'(bytes_q) > size_q;
      limit_q <= size_q - 64'(bytes_q);
    end
    if (step) begin
      run_valid_o <= !outside;
      run_address_o <= base_q + 64'(offset_q);
      run_bytes_o <= bytes_q;
      run_last_o <= last_row && last_plane;
      row_q <= last_row ? rows_q : row_q - 1'b1;
      offset_q <= offset_q + row_pitch_q;
      if (last_row) begin
        plane_q <= plane_q - 1'b1;
        offset_q <= plane_offset_q + plane_pitch_q;
        plane_offset_q <= plane_offset_q + plane_pitch_q;
      end
      if (outside || (last_row && last_plane)) active_q <= 1'b0;
    end
    if (!rst_ni) begin
      active_q <= 1'b0;
      run_valid_o <= 1'b0;
    end
  end

endmodule
