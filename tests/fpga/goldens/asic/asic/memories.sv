// Rendered by flow: the engine's memories made of compiled macros with one read and one write port, in place of the RTL's
// ram_1r1w and table_ram. A macro gives its word in the cycle after re; a read in the cycle of a write to the same address gets
// the old word. Memories of 64 words or fewer are registers.
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

  logic re_q;
  logic [WIDTH-1:0] word;

  always_ff @(posedge clk_i) begin
    re_q <= re_i;
    if (re_q) rdata_o <= word;
  end

  if (WIDTH == 8 && DEPTH == 512) begin : gen_8x512
    flow_sram_8x512 i_macro (
      .clk(clk_i), .we(we_i), .waddr(waddr_i), .wdata(wdata_i), .re(re_i), .raddr(raddr_i), .rdata(word)
    );
  end else if (WIDTH == 32 && DEPTH == 512) begin : gen_32x512
    flow_sram_32x512 i_macro (
      .clk(clk_i), .we(we_i), .waddr(waddr_i), .wdata(wdata_i), .re(re_i), .raddr(raddr_i), .rdata(word)
    );
  end else if (WIDTH == 128 && DEPTH == 512) begin : gen_128x512
    flow_sram_128x512 i_macro (
      .clk(clk_i), .we(we_i), .waddr(waddr_i), .wdata(wdata_i), .re(re_i), .raddr(raddr_i), .rdata(word)
    );
  end else if (WIDTH == 128 && DEPTH == 2048) begin : gen_128x2048
    flow_sram_128x2048 i_macro (
      .clk(clk_i), .we(we_i), .waddr(waddr_i), .wdata(wdata_i), .re(re_i), .raddr(raddr_i), .rdata(word)
    );
  end else if (DEPTH <= 64) begin : gen_registers
    logic [WIDTH-1:0] memory[DEPTH];
    always_ff @(posedge clk_i) begin
      if (we_i) memory[waddr_i] <= wdata_i;
      if (re_i) word <= memory[raddr_i];
    end
  end else begin : gen_none
    $error("no macro of this shape: WIDTH, DEPTH and memories.sv disagree");
  end

endmodule

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

  for (genvar l = 0; l < LANES; l++) begin : gen_lane
    ram_1r1w #(.WIDTH(WIDTH), .DEPTH(DEPTH)) i_ram (
      .clk_i, .we_i, .waddr_i, .wdata_i, .re_i, .raddr_i(raddr_i[l]), .rdata_o(rdata_o[l])
    );
  end

endmodule
