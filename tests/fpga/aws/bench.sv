// The host and an engine's channel on cl_flow_memory at once, at random; every byte read is the one written last.
module bench;

  localparam int unsigned CHANNELS = 2, HALF = 32'h8000, ROUNDS = 400;

  logic clk = 1'b0, rst_n = 1'b0, ready;
  always #2 clk = !clk;

  logic [CHANNELS-1:0] arvalid = '0, awvalid = '0, wvalid = '0, wlast = '0, rready = '1, bready = '1;
  logic [CHANNELS-1:0] arready, awready, wready, rvalid, rlast, bvalid;
  logic [CHANNELS-1:0][63:0] araddr, awaddr, wstrb = '1;
  logic [CHANNELS-1:0][7:0] arlen, arid, awlen, awid, rid, bid;
  logic [CHANNELS-1:0][1:0] rresp, bresp;
  logic [CHANNELS-1:0][511:0] rdata, wdata;
  logic s_awvalid = 1'b0, s_wvalid = 1'b0, s_bready, s_arvalid = 1'b0, s_rready;
  logic s_awready, s_wready, s_bvalid, s_arready, s_rvalid, s_rlast;
  logic [15:0] s_awid, s_arid, s_bid, s_rid;
  logic [63:0] s_awaddr, s_araddr, s_wstrb;
  logic [7:0] s_awlen, s_arlen;
  logic [2:0] s_awsize, s_arsize;
  logic [511:0] s_wdata, s_rdata;
  logic [1:0] s_bresp, s_rresp;

  /* verilator lint_off PINMISSING */
  cl_flow_memory #(.CHANNELS(CHANNELS)) i_memory (
    .clk_i(clk), .rst_ni(rst_n), .clk_hbm_ref(clk), .ready_o(ready), .s_awvalid_i(s_awvalid), .s_awready_o(s_awready),
    .s_awid_i(s_awid), .s_awaddr_i(s_awaddr), .s_awlen_i(s_awlen), .s_awsize_i(s_awsize), .s_wvalid_i(s_wvalid),
    .s_wready_o(s_wready), .s_wdata_i(s_wdata), .s_wstrb_i(s_wstrb), .s_bvalid_o(s_bvalid), .s_bready_i(s_bready),
    .s_bid_o(s_bid), .s_bresp_o(s_bresp), .s_arvalid_i(s_arvalid), .s_arready_o(s_arready), .s_arid_i(s_arid),
    .s_araddr_i(s_araddr), .s_arlen_i(s_arlen), .s_arsize_i(s_arsize), .s_rvalid_o(s_rvalid), .s_rready_i(s_rready),
    .s_rid_o(s_rid), .s_rdata_o(s_rdata), .s_rresp_o(s_rresp), .s_rlast_o(s_rlast),
    .arvalid, .awvalid, .wvalid, .wlast, .rready, .bready, .arready, .awready, .wready, .rvalid, .rlast, .bvalid,
    .araddr, .awaddr, .arlen, .arid, .awlen, .awid, .rid, .bid, .rresp, .bresp, .rdata, .wdata, .wstrb
  );
  /* verilator lint_on PINMISSING */

  logic [7:0] model[2*2*HALF];
  int unsigned given = 0, answered = 0;

  // What was taken at rising edges; the tasks look at falling ones.
  typedef struct packed {logic [511:0] data; logic [15:0] id; logic last; logic [1:0] resp;} beat_t;
  beat_t host_beats[$], engine_beats[CHANNELS][$];
  logic [7:0] engine_answers[CHANNELS][$];
  logic ar_taken, aw_taken, w_taken;
  logic [CHANNELS-1:0] e_ar_taken, e_aw_taken, e_w_taken;

  always_ff @(posedge clk) begin
    {ar_taken, aw_taken, w_taken} <= {s_arvalid && s_arready, s_awvalid && s_awready, s_wvalid && s_wready};
    e_ar_taken <= arvalid & arready;
    e_aw_taken <= awvalid & awready;
    e_w_taken <= wvalid & wready;
    if (s_rvalid && s_rready) host_beats.push_back('{s_rdata, s_rid, s_rlast, s_rresp});
    for (int unsigned n = 0; n < CHANNELS; n++) begin
      if (rvalid[n]) engine_beats[n].push_back('{rdata[n], {8'd0, rid[n]}, rlast[n], rresp[n]});
      if (bvalid[n]) engine_answers[n].push_back(bid[n]);
    end
    s_bready <= $urandom_range(2) != 0;
    s_rready <= $urandom_range(2) != 0;
    if (s_bvalid && s_bready) begin
      if (s_bid != 16'(answered) || s_bresp != 0) $fatal(1, "answer %0d", answered);
      answered <= answered + 1;
    end
  end

  // The lower half of each channel is the host's, the upper the engine's.
  function automatic logic [63:0] place(input logic [2:0] size, input int unsigned beats);
    automatic int unsigned bytes = beats << size;
    return (64'($urandom_range(CHANNELS - 1)) * 2 * HALF + 64'($urandom_range(HALF - bytes - 1))) >> size << size;
  endfunction

  // Signals change at falling edges.
  task automatic host_write();
    automatic logic [2:0] size = 3'($urandom_range(6));
    automatic int unsigned beats = $urandom_range(8, 1);
    automatic logic [63:0] address = place(size, beats);
    s_awvalid = 1'b1;
    s_awid = 16'(given);
    s_awaddr = address;
    s_awlen = 8'(beats - 1);
    s_awsize = size;
    given = given + 1;
    do @(negedge clk); while (!aw_taken);
    s_awvalid = 1'b0;
    for (int unsigned n = 0; n < beats; n++) begin
      automatic logic [511:0] data;
      automatic logic [63:0] strobe = '0;
      for (int unsigned b = 0; b < 64; b++) data[8*b+:8] = 8'($urandom);
      for (int unsigned b = 0; b < 1 << size; b++) begin
        automatic int unsigned at = 32'(address) + (n << size) + b;
        if ($urandom_range(4) != 0) begin
          strobe[at%64] = 1'b1;
          model[at] = data[8*(at%64)+:8];
        end
      end
      s_wvalid = 1'b1;
      s_wdata = data;
      s_wstrb = strobe;
      do @(negedge clk); while (!w_taken);
      s_wvalid = 1'b0;
      repeat ($urandom_range(2)) @(negedge clk);
    end
  endtask

  task automatic host_read();
    automatic logic [2:0] size = 3'($urandom_range(6));
    automatic int unsigned beats = $urandom_range(8, 1);
    automatic logic [63:0] address = place(size, beats);
    automatic logic [15:0] id = 16'($urandom);
    s_arvalid = 1'b1;
    s_arid = id;
    s_araddr = address;
    s_arlen = 8'(beats - 1);
    s_arsize = size;
    do @(negedge clk); while (!ar_taken);
    s_arvalid = 1'b0;
    for (int unsigned n = 0; n < beats; n++) begin
      automatic beat_t beat;
      while (host_beats.size() == 0) @(negedge clk);
      beat = host_beats.pop_front();
      if (beat.id != id || beat.last != (n == beats - 1) || beat.resp != 0) $fatal(1, "beat %0d", n);
      for (int unsigned b = 0; b < 1 << size; b++) begin
        automatic int unsigned at = 32'(address) + (n << size) + b;
        if (beat.data[8*(at%64)+:8] != model[at]) $fatal(1, "host, byte %0h", at);
      end
    end
  endtask

  task automatic engine(input int unsigned channel);
    for (int unsigned round = 0; round < ROUNDS; round++) begin
      automatic int unsigned beats = $urandom_range(8, 1);
      automatic int unsigned offset = HALF + 64 * $urandom_range(HALF / 64 - beats - 1);
      automatic logic [511:0] words[8];
      automatic logic [7:0] id = 8'($urandom_range(127));
      awvalid[channel] = 1'b1;
      awaddr[channel] = 64'(offset);
      awlen[channel] = 8'(beats - 1);
      awid[channel] = id;
      do @(negedge clk); while (!e_aw_taken[channel]);
      awvalid[channel] = 1'b0;
      for (int unsigned n = 0; n < beats; n++) begin
        for (int unsigned b = 0; b < 16; b++) words[n][32*b+:32] = $urandom;
        wvalid[channel] = 1'b1;
        wdata[channel] = words[n];
        wlast[channel] = n == beats - 1;
        do @(negedge clk); while (!e_w_taken[channel]);
        wvalid[channel] = 1'b0;
      end
      while (engine_answers[channel].size() == 0) @(negedge clk);
      if (engine_answers[channel].pop_front() != id) $fatal(1, "engine's answer");
      arvalid[channel] = 1'b1;
      araddr[channel] = 64'(offset);
      arlen[channel] = 8'(beats - 1);
      arid[channel] = id;
      do @(negedge clk); while (!e_ar_taken[channel]);
      arvalid[channel] = 1'b0;
      for (int unsigned n = 0; n < beats; n++) begin
        automatic beat_t beat;
        while (engine_beats[channel].size() == 0) @(negedge clk);
        beat = engine_beats[channel].pop_front();
        if (beat.id != 16'(id) || beat.last != (n == beats - 1) || beat.data != words[n]) $fatal(1, "engine's data");
      end
      @(negedge clk);
    end
  endtask

  initial begin
    for (int unsigned n = 0; n < 2 * 2 * HALF; n++) begin
      model[n] = 8'($urandom);
      kit_memory::bytes[n] = model[n];
    end
    repeat (5) @(negedge clk);
    rst_n = 1'b1;
    repeat (5) @(negedge clk);
    fork
      for (int unsigned round = 0; round < ROUNDS; round++) begin
        if ($urandom_range(2) != 0) host_write();
        else host_read();
      end
      engine(0);
      engine(1);
    join
    repeat (2000) @(posedge clk);
    if (answered != given) $fatal(1, "%0d of %0d writes answered", answered, given);
    $display("PASS");
    $finish;
  end

  initial begin
    #4000000 $fatal(1, "hangs");
  end

endmodule
