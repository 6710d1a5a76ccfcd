// First-in first-out queue with the oldest entry shown ahead.
//
// push_i with ready_o high takes data_i; valid_o high shows data_o, pop_i removes it. pop_i without valid_o and push_i
// without ready_o are ignored. Pushing into a full queue is refused also while it is popped. Latency 1 cycle.
module fifo #(
  parameter int unsigned WIDTH = 8,
  parameter int unsigned DEPTH = 4
) (
  input  logic             clk_i,
  input  logic             rst_ni,
  input  logic             push_i,
  output logic             ready_o,
  input  logic [WIDTH-1:0] data_i,
  output logic             valid_o,
  input  logic             pop_i,
  output logic [WIDTH-1:0] data_o
);

  localparam int unsigned INDEX_BITS = (DEPTH <= 2) ? 1 : $clog2(DEPTH);
  localparam logic [INDEX_BITS-1:0] LAST = INDEX_BITS'(DEPTH - 1);

  logic [WIDTH-1:0] memory[DEPTH];
  logic [INDEX_BITS-1:0] write_q, read_q;
  logic [INDEX_BITS:0] count_q;
  logic push, pop;

  assign ready_o = count_q != (INDEX_BITS + 1)'(DEPTH);
  assign valid_o = count_q != '0;
  assign data_o = memory[read_q];
  assign push = push_i && ready_o;
  assign pop = pop_i && valid_o;

  always_ff @(posedge clk_i) begin
    if (push) memory[write_q] <= data_i;
    if (!rst_ni) begin
      write_q <= '0;
      read_q <= '0;
      count_q <= '0;
    end else begin
      if (push) write_q <= (write_q == LAST) ? '0 : write_q + 1'b1;
      if (pop) read_q <= (read_q == LAST) ? '0 : read_q + 1'b1;
      if (push && !pop) count_q <= count_q + 1'b1;
      if (pop && !push) count_q <= count_q - 1'b1;
    end
  end

endmodule
