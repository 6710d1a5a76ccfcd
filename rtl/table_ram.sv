// Lookup table with a read port for each lane: one memory per lane, all written alike.
//
// rdata_o is valid two cycles after re_i.
module table_ram #(
  parameter int unsigned LANES = 1,
  parameter int unsigned WIDTH = 8,
  parameter int unsigned DEPTH = 512,
  parameter int unsigned ADDRESS_BITS = $clog2(DEPTH)
) (
  input  logic                               clk_i,
  input  logic                               we_i,
  input  logic [ADDRESS_BITS-1:0]            waddr_i,
  input  logic [WIDTH-1:0]                   wdata_i,
  input  logic                               re_i,
  input  logic [LANES-1:0][ADDRESS_BITS-1:0] raddr_i,
  output logic [LANES-1:0][WIDTH-1:0]        rdata_o
);

  logic re_q;
  always_ff @(posedge clk_i) re_q <= re_i;

  for (genvar l = 0; l < LANES; l++) begin : gen_lane
    logic [WIDTH-1:0] memory[DEPTH];
    logic [WIDTH-1:0] read_q;
    always_ff @(posedge clk_i) begin
      if (we_i) memory[waddr_i] <= wdata_i;
      if (re_i) read_q <= memory[raddr_i[l]];
      if (re_q) rdata_o[l] <= read_q;
    end
  end

endmodule
