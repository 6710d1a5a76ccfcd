// Memory with one write and one read port in one clock, for block or ultra RAM with output register.
//
// rdata_o is valid two cycles after re_i. What a read gets in the cycle of a write to the same address must not matter: memories
// differ in it (simulated: the old word).
module ram_1r1w #(
  parameter int unsigned WIDTH = 8,
  parameter int unsigned DEPTH = 16,
  parameter int unsigned ADDRESS_BITS = (DEPTH <= 2) ? 1 : $clog2(DEPTH)
) (
  input  logic                    clk_i,
  input  logic                    we_i,
  input  logic [ADDRESS_BITS-1:0] waddr_i,
  input  logic [WIDTH-1:0]        wdata_i,
  input  logic                    re_i,
  input  logic [ADDRESS_BITS-1:0] raddr_i,
  output logic [WIDTH-1:0]        rdata_o
);

  logic [WIDTH-1:0] memory[DEPTH];
  logic [WIDTH-1:0] read_q;
  logic re_q;

  always_ff @(posedge clk_i) begin
    if (we_i) memory[waddr_i] <= wdata_i;
    if (re_i) read_q <= memory[raddr_i];
    re_q <= re_i;
    if (re_q) rdata_o <= read_q;
  end

endmodule
