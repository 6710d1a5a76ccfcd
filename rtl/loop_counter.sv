// One loop of an address generator: says beforehand which iteration is the last.
//
// load_i: begin with size_i iterations (at least one). step_i: the iteration ends; after the last one the loop begins anew.
module loop_counter #(
  parameter int unsigned WIDTH = 16
) (
  input  logic             clk_i,
  input  logic             load_i,
  input  logic [WIDTH-1:0] size_i,
  input  logic             step_i,
  output logic             last_o
);

  logic [WIDTH-1:0] size_q, left_q;
  logic one_q;

  always_ff @(posedge clk_i) begin
    if (load_i) begin
      size_q <= size_i;
      left_q <= size_i;
      one_q <= size_i == WIDTH'(1);
      last_o <= size_i == WIDTH'(1);
    end else if (step_i) begin
      left_q <= last_o ? size_q : left_q - 1'b1;
      last_o <= last_o ? one_q : left_q == WIDTH'(2);
    end
  end

endmodule
