// Several AXI write masters on one: fair in addresses, data in the order of addresses, responses by ID.
//
// The downstream ID is the slot. Addresses pass one register; data follow when their address was taken downstream.
module axi_write_mux
  import engine_pkg::*;
  import core_pkg::*;
#(
  parameter int unsigned SLOTS = 2,
  parameter int unsigned OUTSTANDING = 16
) (
  input  logic                                clk_i,
  input  logic                                rst_ni,
  input  logic     [SLOTS-1:0]                s_awvalid_i,
  output logic     [SLOTS-1:0]                s_awready_o,
  input  address_t [SLOTS-1:0]                s_awaddr_i,
  input  logic     [SLOTS-1:0][7:0]           s_awlen_i,
  input  logic     [SLOTS-1:0]                s_wvalid_i,
  output logic     [SLOTS-1:0]                s_wready_o,
  input  logic     [SLOTS-1:0][DATA_BITS-1:0] s_wdata_i,
  input  logic     [SLOTS-1:0][AXI_BYTES-1:0] s_wstrb_i,
  input  logic     [SLOTS-1:0]                s_wlast_i,
  output logic     [SLOTS-1:0]                s_bvalid_o,
  output logic                                m_awvalid_o,
  input  logic                                m_awready_i,
  output address_t                            m_awaddr_o,
  output logic     [7:0]                      m_awlen_o,
  output logic     [7:0]                      m_awid_o,
  output logic                                m_wvalid_o,
  input  logic                                m_wready_i,
  output logic     [DATA_BITS-1:0]            m_wdata_o,
  output logic     [AXI_BYTES-1:0]            m_wstrb_o,
  output logic                                m_wlast_o,
  input  logic                                m_bvalid_i,
  output logic                                m_bready_o,
  input  logic     [7:0]                      m_bid_i
);

  localparam int unsigned SLOT_BITS = bits(SLOTS);

  logic [SLOT_BITS-1:0] choice, last_q, slot_q, order;
  logic any, accept, pending_q, order_ready, order_valid, addressed;

  // The first valid slot after the one served last.
  always_comb begin
    choice = '0;
    any = 1'b0;
    for (int unsigned n = SLOTS; n > 0; n--) begin
      automatic logic [31:0] slot = (32'(last_q) + n) % SLOTS;
      if (s_awvalid_i[SLOT_BITS'(slot)]) begin
        choice = SLOT_BITS'(slot);
        any = 1'b1;
      end
    end
  end

  assign m_awvalid_o = pending_q && order_ready;
  assign addressed = m_awvalid_o && m_awready_i;
  assign accept = any && (!pending_q || addressed);
  assign m_awid_o = 8'(slot_q);

  always_comb begin
    s_awready_o = '0;
    if (accept) s_awready_o[choice] = 1'b1;
  end

  always_ff @(posedge clk_i) begin
    if (addressed) pending_q <= 1'b0;
    if (accept) begin
      pending_q <= 1'b1;
      slot_q <= choice;
      m_awaddr_o <= s_awaddr_i[choice];
      m_awlen_o <= s_awlen_i[choice];
      last_q <= choice;
    end
    if (!rst_ni) begin
      pending_q <= 1'b0;
      last_q <= '0;
    end
  end

  fifo #(.WIDTH(SLOT_BITS), .DEPTH(OUTSTANDING)) i_order (
    .clk_i, .rst_ni,
    .push_i(addressed), .ready_o(order_ready), .data_i(slot_q),
    .valid_o(order_valid), .pop_i(m_wvalid_o && m_wready_i && m_wlast_o), .data_o(order)
  );

  assign m_wvalid_o = order_valid && s_wvalid_i[order];
  assign m_wdata_o = s_wdata_i[order];
  assign m_wstrb_o = s_wstrb_i[order];
  assign m_wlast_o = s_wlast_i[order];

  always_comb begin
    s_wready_o = '0;
    if (order_valid) s_wready_o[order] = m_wready_i;
  end

  assign m_bready_o = 1'b1;
  for (genvar n = 0; n < SLOTS; n++) begin : gen_response
    assign s_bvalid_o[n] = m_bvalid_i && m_bid_i == 8'(n);
  end

endmodule
