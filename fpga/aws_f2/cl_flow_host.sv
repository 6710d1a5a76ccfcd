// The host's accesses (AWS's PCIS bus, 512 bits) to the memory channels: one word of 64 bytes for every beat of a burst.
//
// Channel n is the CHANNEL_BYTES bytes from n * CHANNEL_BYTES. A burst's beats may be narrower than a word (INCR); each is then a word with
// some of its bytes. Words follow each other without waiting for answers as long as they go to the same channel.
// A write is answered when it and all before it have been answered by the memory; a read starts when no write waits or is under way, so that
// it sees all of them. Any error of the memory is reported with the write, or the read, that is answered next.
module cl_flow_host #(
  parameter int unsigned CHANNELS = 1,
  parameter longint unsigned CHANNEL_BYTES = 64'h4000_0000
) (
  input  logic                       clk_i,
  input  logic                       rst_ni,
  // the host
  input  logic                       s_awvalid_i,
  output logic                       s_awready_o,
  input  logic [15:0]                s_awid_i,
  input  logic [63:0]                s_awaddr_i,
  input  logic [7:0]                 s_awlen_i,
  input  logic [2:0]                 s_awsize_i,
  input  logic                       s_wvalid_i,
  output logic                       s_wready_o,
  input  logic [511:0]               s_wdata_i,
  input  logic [63:0]                s_wstrb_i,
  output logic                       s_bvalid_o,
  input  logic                       s_bready_i,
  output logic [15:0]                s_bid_o,
  output logic [1:0]                 s_bresp_o,
  input  logic                       s_arvalid_i,
  output logic                       s_arready_o,
  input  logic [15:0]                s_arid_i,
  input  logic [63:0]                s_araddr_i,
  input  logic [7:0]                 s_arlen_i,
  input  logic [2:0]                 s_arsize_i,
  output logic                       s_rvalid_o,
  input  logic                       s_rready_i,
  output logic [15:0]                s_rid_o,
  output logic [511:0]               s_rdata_o,
  output logic [1:0]                 s_rresp_o,
  output logic                       s_rlast_o,
  // the channels: single beats of 64 bytes, addresses counted from the first channel's
  output logic [CHANNELS-1:0]        m_awvalid_o,
  input  logic [CHANNELS-1:0]        m_awready_i,
  output logic [63:0]                m_awaddr_o,
  output logic [CHANNELS-1:0]        m_wvalid_o,
  input  logic [CHANNELS-1:0]        m_wready_i,
  output logic [511:0]               m_wdata_o,
  output logic [63:0]                m_wstrb_o,
  input  logic [CHANNELS-1:0]        m_bvalid_i,
  input  logic [CHANNELS-1:0][1:0]   m_bresp_i,
  output logic [CHANNELS-1:0]        m_arvalid_o,
  input  logic [CHANNELS-1:0]        m_arready_i,
  output logic [63:0]                m_araddr_o,
  input  logic [CHANNELS-1:0]        m_rvalid_i,
  output logic                       m_rready_o,
  input  logic [CHANNELS-1:0][511:0] m_rdata_i,
  input  logic [CHANNELS-1:0][1:0]   m_rresp_i
);

  localparam int unsigned CHANNEL_BITS = (CHANNELS <= 2) ? 1 : $clog2(CHANNELS);
  localparam int unsigned SHIFT = $clog2(CHANNEL_BYTES);
  localparam int unsigned BURSTS = 64;  // that the shell may have under way
  localparam int unsigned WORDS = 64;   // that may be under way here
  localparam int unsigned COUNT_BITS = 16;

  typedef logic [COUNT_BITS-1:0] count_t;
  typedef logic [CHANNEL_BITS-1:0] channel_t;

  function automatic channel_t channel_of(input logic [63:0] address);
    return channel_t'(address >> SHIFT);
  endfunction

  function automatic logic [63:0] next(input logic [63:0] address, input logic [2:0] size);
    return ((address >> size) + 64'd1) << size;
  endfunction

  // --- Writes ---

  logic        w_busy_q, aw_done_q, w_done_q, error_q;
  logic [15:0] w_id_q;
  logic [63:0] w_addr_q;
  logic [7:0]  w_left_q;
  logic [2:0]  w_size_q;
  count_t      issued_q, answered_q;
  channel_t    w_channel, w_last_channel_q;
  logic        w_may, aw_now, w_now, w_beat, b_ready, answer;
  count_t      b_count;

  assign s_awready_o = !w_busy_q && b_ready;
  assign w_channel = channel_of(w_addr_q);
  // answers are counted, so they must come from one channel at a time
  assign w_may = w_busy_q && s_wvalid_i && (issued_q == answered_q || w_channel == w_last_channel_q) &&
                 issued_q - answered_q < COUNT_BITS'(WORDS);

  always_comb begin
    m_awvalid_o = '0;
    m_wvalid_o = '0;
    m_awvalid_o[w_channel] = w_may && !aw_done_q;
    m_wvalid_o[w_channel] = w_may && !w_done_q;
  end
  assign m_awaddr_o = {w_addr_q[63:6], 6'd0};
  assign m_wdata_o = s_wdata_i;
  assign m_wstrb_o = s_wstrb_i;
  assign aw_now = w_may && (aw_done_q || m_awready_i[w_channel]);
  assign w_now = w_may && (w_done_q || m_wready_i[w_channel]);
  assign w_beat = aw_now && w_now;
  assign s_wready_o = w_beat;
  assign answer = |m_bvalid_i;

  always_ff @(posedge clk_i) begin
    if (w_may) begin
      aw_done_q <= aw_now && !w_beat;
      w_done_q <= w_now && !w_beat;
    end
    if (w_beat) begin
      issued_q <= issued_q + 1'b1;
      w_last_channel_q <= w_channel;
      w_addr_q <= next(w_addr_q, w_size_q);
      w_left_q <= w_left_q - 8'd1;
      if (w_left_q == '0) w_busy_q <= 1'b0;
    end
    if (s_awvalid_i && s_awready_o) begin
      w_busy_q <= 1'b1;
      w_id_q <= s_awid_i;
      w_addr_q <= s_awaddr_i;
      w_left_q <= s_awlen_i;
      w_size_q <= s_awsize_i;
    end
    if (answer) answered_q <= answered_q + 1'b1;
    if (s_bvalid_o && s_bready_i) error_q <= 1'b0;
    for (int unsigned n = 0; n < CHANNELS; n++) if (m_bvalid_i[n] && m_bresp_i[n] != 2'b00) error_q <= 1'b1;
    if (!rst_ni) begin
      {w_busy_q, aw_done_q, w_done_q, error_q} <= '0;
      {issued_q, answered_q} <= '0;
      w_last_channel_q <= '0;
    end
  end

  logic b_there;
  fifo #(.WIDTH(COUNT_BITS + 16), .DEPTH(BURSTS)) i_answers (
    .clk_i, .rst_ni,
    .push_i(w_beat && w_left_q == '0), .ready_o(b_ready), .data_i({issued_q + 1'b1, w_id_q}),
    .valid_o(b_there), .pop_i(s_bvalid_o && s_bready_i), .data_o({b_count, s_bid_o})
  );
  assign s_bvalid_o = b_there && !(COUNT_BITS'(answered_q - b_count) >> (COUNT_BITS - 1));
  assign s_bresp_o = {error_q, 1'b0};

  // --- Reads ---

  logic        r_busy_q, r_room, r_there, ar_now;
  logic [15:0] r_id_q;
  logic [63:0] r_addr_q;
  logic [7:0]  r_left_q;
  logic [2:0]  r_size_q;
  channel_t    r_channel, r_last_channel_q;
  logic        r_may;

  assign s_arready_o = !r_busy_q && !w_busy_q && !s_awvalid_i && issued_q == answered_q;
  assign r_channel = channel_of(r_addr_q);
  assign r_may = r_busy_q && r_room && (!r_there || r_channel == r_last_channel_q);
  always_comb begin
    m_arvalid_o = '0;
    m_arvalid_o[r_channel] = r_may;
  end
  assign m_araddr_o = {r_addr_q[63:6], 6'd0};
  assign ar_now = r_may && m_arready_i[r_channel];

  always_ff @(posedge clk_i) begin
    if (ar_now) begin
      r_last_channel_q <= r_channel;
      r_addr_q <= next(r_addr_q, r_size_q);
      r_left_q <= r_left_q - 8'd1;
      if (r_left_q == '0) r_busy_q <= 1'b0;
    end
    if (s_arvalid_i && s_arready_o) begin
      r_busy_q <= 1'b1;
      r_id_q <= s_arid_i;
      r_addr_q <= s_araddr_i;
      r_left_q <= s_arlen_i;
      r_size_q <= s_arsize_i;
    end
    if (!rst_ni) begin
      r_busy_q <= 1'b0;
      r_last_channel_q <= '0;
    end
  end

  fifo #(.WIDTH(17), .DEPTH(WORDS)) i_words (
    .clk_i, .rst_ni,
    .push_i(ar_now), .ready_o(r_room), .data_i({r_id_q, r_left_q == '0}),
    .valid_o(r_there), .pop_i(s_rvalid_o && s_rready_i), .data_o({s_rid_o, s_rlast_o})
  );
  assign s_rvalid_o = r_there && m_rvalid_i[r_last_channel_q];
  assign s_rdata_o = m_rdata_i[r_last_channel_q];
  assign s_rresp_o = m_rresp_i[r_last_channel_q];
  assign m_rready_o = r_there && s_rready_i;

endmodule
