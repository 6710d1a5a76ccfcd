// On-chip memory of BYTES bytes behind one AXI4 slave (INCR bursts of 8-byte beats) and one simple port.
//
// One burst at a time and direction; a beat read takes three cycles. The simple port has its turn between beats; its
// read data come with mem_rvalid_o, two cycles after the request. Addresses beyond the memory answer SLVERR.
module shared_memory #(
  parameter int unsigned BYTES = 65536
) (
  input  logic        clk_i,
  input  logic        rst_ni,
  // AXI
  input  logic        arvalid_i,
  output logic        arready_o,
  input  logic [63:0] araddr_i,
  input  logic [7:0]  arlen_i,
  input  logic [7:0]  arid_i,
  output logic        rvalid_o,
  input  logic        rready_i,
  output logic [63:0] rdata_o,
  output logic [1:0]  rresp_o,
  output logic        rlast_o,
  output logic [7:0]  rid_o,
  input  logic        awvalid_i,
  output logic        awready_o,
  input  logic [63:0] awaddr_i,
  input  logic [7:0]  awid_i,
  input  logic        wvalid_i,
  output logic        wready_o,
  input  logic [63:0] wdata_i,
  input  logic [7:0]  wstrb_i,
  input  logic        wlast_i,
  output logic        bvalid_o,
  input  logic        bready_i,
  output logic [1:0]  bresp_o,
  output logic [7:0]  bid_o,
  // simple port
  input  logic        mem_valid_i,
  output logic        mem_ready_o,
  input  logic        mem_write_i,
  input  logic [28:0] mem_address_i,
  input  logic [63:0] mem_wdata_i,
  output logic        mem_rvalid_o,
  output logic [63:0] mem_rdata_o
);

  localparam int unsigned WORDS = BYTES / 8;
  localparam int unsigned ADDRESS_BITS = $clog2(WORDS);
  localparam logic [1:0] OKAY = 2'b00, SLVERR = 2'b10;

  typedef logic [ADDRESS_BITS-1:0] word_t;

  // --- Reads: the burst's next beat, or the simple port's word ---

  logic reading_q, fetching_q, first_q, second_q, simple_q, read_error_q;
  word_t read_at_q;
  logic [7:0] beats_q;
  logic axi_turn, simple_turn;
  logic [63:0] word;

  assign arready_o = !reading_q;
  assign axi_turn = reading_q && !fetching_q && !rvalid_o && !first_q && !second_q;
  assign simple_turn = mem_valid_i && !mem_write_i && !axi_turn && !first_q && !second_q;
  assign rlast_o = beats_q == '0;
  assign rresp_o = read_error_q ? SLVERR : OKAY;
  assign mem_rdata_o = word;
  assign mem_rvalid_o = second_q && simple_q;

  always_ff @(posedge clk_i) begin
    first_q <= axi_turn || simple_turn;
    second_q <= first_q;
    if (axi_turn || simple_turn) simple_q <= simple_turn;
    if (axi_turn) fetching_q <= 1'b1;
    if (second_q && !simple_q) begin
      fetching_q <= 1'b0;
      rvalid_o <= 1'b1;
      rdata_o <= word;
    end
    if (rvalid_o && rready_i) begin
      rvalid_o <= 1'b0;
      read_at_q <= read_at_q + 1'b1;
      beats_q <= beats_q - 1'b1;
      if (rlast_o) reading_q <= 1'b0;
    end
    if (arvalid_i && arready_o) begin
      reading_q <= 1'b1;
      read_at_q <= araddr_i[3 +: ADDRESS_BITS];
      read_error_q <= araddr_i >= 64'(BYTES);
      beats_q <= arlen_i;
      rid_o <= arid_i;
    end
    if (!rst_ni) begin
      reading_q <= 1'b0;
      fetching_q <= 1'b0;
      first_q <= 1'b0;
      second_q <= 1'b0;
      rvalid_o <= 1'b0;
    end
  end

  // --- Writes ---

  logic writing_q, write_error_q, beat;
  word_t write_at_q;
  logic [7:0] lanes;
  logic [63:0] data;
  word_t write_at;

  assign awready_o = !writing_q && !bvalid_o;
  assign wready_o = writing_q;
  assign beat = writing_q && wvalid_i;
  assign bresp_o = write_error_q ? SLVERR : OKAY;
  assign mem_ready_o = mem_write_i ? !beat : simple_turn;
  assign lanes = beat ? (write_error_q ? '0 : wstrb_i) : {8{mem_valid_i && mem_write_i}};
  assign data = beat ? wdata_i : mem_wdata_i;
  assign write_at = beat ? write_at_q : mem_address_i[ADDRESS_BITS-1:0];

  always_ff @(posedge clk_i) begin
    if (bready_i) bvalid_o <= 1'b0;
    if (beat) begin
      write_at_q <= write_at_q + 1'b1;
      if (wlast_i) begin
        writing_q <= 1'b0;
        bvalid_o <= 1'b1;
      end
    end
    if (awvalid_i && awready_o) begin
      writing_q <= 1'b1;
      write_at_q <= awaddr_i[3 +: ADDRESS_BITS];
      write_error_q <= awaddr_i >= 64'(BYTES);
      bid_o <= awid_i;
    end
    if (!rst_ni) begin
      writing_q <= 1'b0;
      bvalid_o <= 1'b0;
    end
  end

  // --- Memory: a lane for each byte ---

  for (genvar n = 0; n < 8; n++) begin : gen_lane
    ram_1r1w #(.WIDTH(8), .DEPTH(WORDS)) i_ram (
      .clk_i, .we_i(lanes[n]), .waddr_i(write_at), .wdata_i(data[8*n +: 8]),
      .re_i(axi_turn || simple_turn), .raddr_i(axi_turn ? read_at_q : mem_address_i[ADDRESS_BITS-1:0]),
      .rdata_o(word[8*n +: 8])
    );
  end

endmodule
