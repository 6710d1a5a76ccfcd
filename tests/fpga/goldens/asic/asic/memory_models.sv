// Rendered by flow: what the compiled macros do, for simulation; for synthesis they are black boxes.
(* blackbox *)
module flow_sram_8x512 (
  input  logic clk,
  input  logic we,
  input  logic [$clog2(512)-1:0] waddr,
  input  logic [7:0] wdata,
  input  logic re,
  input  logic [$clog2(512)-1:0] raddr,
  output logic [7:0] rdata
);
`ifndef SYNTHESIS
  logic [7:0] memory[512];
  always_ff @(posedge clk) begin
    if (we) memory[waddr] <= wdata;
    if (re) rdata <= memory[raddr];
  end
`endif
endmodule

(* blackbox *)
module flow_sram_32x512 (
  input  logic clk,
  input  logic we,
  input  logic [$clog2(512)-1:0] waddr,
  input  logic [31:0] wdata,
  input  logic re,
  input  logic [$clog2(512)-1:0] raddr,
  output logic [31:0] rdata
);
`ifndef SYNTHESIS
  logic [31:0] memory[512];
  always_ff @(posedge clk) begin
    if (we) memory[waddr] <= wdata;
    if (re) rdata <= memory[raddr];
  end
`endif
endmodule

(* blackbox *)
module flow_sram_128x512 (
  input  logic clk,
  input  logic we,
  input  logic [$clog2(512)-1:0] waddr,
  input  logic [127:0] wdata,
  input  logic re,
  input  logic [$clog2(512)-1:0] raddr,
  output logic [127:0] rdata
);
`ifndef SYNTHESIS
  logic [127:0] memory[512];
  always_ff @(posedge clk) begin
    if (we) memory[waddr] <= wdata;
    if (re) rdata <= memory[raddr];
  end
`endif
endmodule

(* blackbox *)
module flow_sram_128x2048 (
  input  logic clk,
  input  logic we,
  input  logic [$clog2(2048)-1:0] waddr,
  input  logic [127:0] wdata,
  input  logic re,
  input  logic [$clog2(2048)-1:0] raddr,
  output logic [127:0] rdata
);
`ifndef SYNTHESIS
  logic [127:0] memory[2048];
  always_ff @(posedge clk) begin
    if (we) memory[waddr] <= wdata;
    if (re) rdata <= memory[raddr];
  end
`endif
endmodule

