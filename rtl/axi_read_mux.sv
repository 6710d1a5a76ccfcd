// Several AXI read masters on one: fair in requests, answers go where their ID says.
//
// The downstream ID is {slot, the slot's own ID}. Requests pass one register. Answers are combinational.
module axi_read_mux
  import core_pkg::*;
#(
  parameter int unsigned SLOTS = 2,
  parameter int unsigned ID_BITS = 1  // of the slots' own IDs
) (
  input  logic                          clk_i,
  input  logic                          rst_ni,
  input  logic     [SLOTS-1:0]          s_arvalid_i,
  output logic     [SLOTS-1:0]          s_arready_o,
  input  address_t [SLOTS-1:0]          s_araddr_i,
  input  logic     [SLOTS-1:0][7:0]     s_arlen_i,
  input  logic     [SLOTS-1:0][7:0]     s_arid_i,
  output logic     [SLOTS-1:0]          s_rvalid_o,
  input  logic     [SLOTS-1:0]          s_rready_i,
  output logic     [7:0]                s_rid_o,
  output logic                          m_arvalid_o,
  input  logic                          m_arready_i,
  output address_t                      m_araddr_o,
  output logic     [7:0]                m_arlen_o,
  output logic     [7:0]                m_arid_o,
  input  logic                          m_rvalid_i,
  output logic                          m_rready_o,
  input  logic     [7:0]                m_rid_i
);

  localparam int unsigned SLOT_BITS = bits(SLOTS);

  logic [SLOT_BITS-1:0] choice, last_q;
  logic any, accept;

  // The first valid slot after the one served last.
  always_comb begin
    choice = '0;
    any = 1'b0;
    for (int unsigned n = SLOTS; n > 0; n--) begin
      automatic logic [31:0] slot = (32'(last_q) + n) % SLOTS;
      if (s_arvalid_i[SLOT_BITS'(slot)]) begin
        choice = SLOT_BITS'(slot);
        any = 1'b1;
      end
    end
  end

  assign accept = any && (!m_arvalid_o || m_arready_i);

  always_comb begin
    s_arready_o = '0;
    if (accept) s_arready_o[choice] = 1'b1;
  end

  always_ff @(posedge clk_i) begin
    if (m_arready_i) m_arvalid_o <= 1'b0;
    if (accept) begin
      m_arvalid_o <= 1'b1;
      m_araddr_o <= s_araddr_i[choice];
      m_arlen_o <= s_arlen_i[choice];
      m_arid_o <= 8'(32'(choice) << ID_BITS) | s_arid_i[choice];
      last_q <= choice;
    end
    if (!rst_ni) begin
      m_arvalid_o <= 1'b0;
      last_q <= '0;
    end
  end

  logic [7:0] slot;
  assign slot = m_rid_i >> ID_BITS;
  assign s_rid_o = m_rid_i & 8'((1 << ID_BITS) - 1);

  always_comb begin
    s_rvalid_o = '0;
    m_rready_o = 1'b0;
    for (int unsigned n = 0; n < SLOTS; n++) begin
      if (slot == 8'(n)) begin
        s_rvalid_o[n] = m_rvalid_i;
        m_rready_o = s_rready_i[n];
      end
    end
  end

endmodule
