// AXI-Lite slave of the whole engine: page n of CORE_PAGE_BYTES is core n.
//
// One access at a time and direction. write_o: a pulse with address and data; read data come from the cores in the cycle
// after raddr_o is shown. Pages without a core answer SLVERR.
module axil_slave
  import isa_pkg::*;
  import engine_pkg::*;
(
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        awvalid_i,
  output logic        awready_o,
  input  logic [31:0] awaddr_i,
  input  logic        wvalid_i,
  output logic        wready_o,
  input  logic [31:0] wdata_i,
  input  logic [3:0]  wstrb_i,
  output logic        bvalid_o,
  input  logic        bready_i,
  output logic [1:0]  bresp_o,
  input  logic        arvalid_i,
  output logic        arready_o,
  input  logic [31:0] araddr_i,
  output logic        rvalid_o,
  input  logic        rready_i,
  output logic [31:0] rdata_o,
  output logic [1:0]  rresp_o,
  // cores
  output logic [CORES-1:0]            write_o,
  output logic [$bits(REG_MAGIC)-1:0] waddr_o,
  output logic [31:0]                 wdata_o,
  output logic [3:0]                  wstrb_o,
  output logic [$bits(REG_MAGIC)-1:0] raddr_o,
  input  logic [CORES-1:0][31:0]      rdata_i
);

  localparam int unsigned PAGE_SHIFT = $clog2(CORE_PAGE_BYTES);
  localparam logic [1:0] OKAY = 2'b00;
  localparam logic [1:0] SLVERR = 2'b10;

  logic write, read;
  logic [1:0] reading_q;  // address shown, data there
  logic [31:0] wpage, rpage, raddr_q;

  assign wpage = awaddr_i >> PAGE_SHIFT;
  assign rpage = raddr_q >> PAGE_SHIFT;
  assign write = awvalid_i && wvalid_i && (!bvalid_o || bready_i);
  assign read = arvalid_i && !rvalid_o && reading_q == '0;
  assign awready_o = write;
  assign wready_o = write;
  assign arready_o = read;
  assign waddr_o = {awaddr_i[$bits(REG_MAGIC)-1:2], 2'b00};
  assign raddr_o = {raddr_q[$bits(REG_MAGIC)-1:2], 2'b00};
  assign wdata_o = wdata_i;
  assign wstrb_o = wstrb_i;

  for (genvar c = 0; c < CORES; c++) begin : gen_core
    assign write_o[c] = write && wpage == c;
  end

  always_ff @(posedge clk_i) begin
    if (bready_i) bvalid_o <= 1'b0;
    if (write) begin
      bvalid_o <= 1'b1;
      bresp_o <= (wpage < CORES) ? OKAY : SLVERR;
    end
    if (rready_i) rvalid_o <= 1'b0;
    reading_q <= {reading_q[0], read};
    if (read) raddr_q <= araddr_i;
    if (reading_q[1]) begin
      rvalid_o <= 1'b1;
      rresp_o <= (rpage < CORES) ? OKAY : SLVERR;
      rdata_o <= '0;
      for (int unsigned c = 0; c < CORES; c++) if (rpage == c) rdata_o <= rdata_i[c];
    end
    if (!rst_ni) begin
      bvalid_o <= 1'b0;
      rvalid_o <= 1'b0;
      reading_q <= '0;
    end
  end

endmodule
