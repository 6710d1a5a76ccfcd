// Serial line to bytes: 8 data bits, no parity, one stop bit; bytes without a stop bit are dropped.
//
// DIVISOR is 256 x clock / baud. valid_o is a pulse; a byte comes in the middle of its stop bit.
module uart_receiver #(
  parameter int unsigned DIVISOR = 256 * 16
) (
  input  logic       clk_i,
  input  logic       rst_ni,
  input  logic       rx_i,
  output logic       valid_o,
  output logic [7:0] data_o
);

  localparam int unsigned STEP = 256;
  localparam int unsigned COUNT_BITS = $clog2(DIVISOR + DIVISOR / 2 + STEP) + 1;
  localparam logic [3:0] LAST = 4'd8; // eight data bits, then the stop bit

  logic [2:0] line_q; // two stages against metastability, one to see the edge
  logic busy_q;
  logic [COUNT_BITS-1:0] count_q;
  logic [3:0] bit_q;
  logic sample;

  assign sample = busy_q && count_q < COUNT_BITS'(STEP);

  always_ff @(posedge clk_i) begin
    line_q <= {line_q[1:0], rx_i};
    valid_o <= 1'b0;
    count_q <= count_q - COUNT_BITS'(STEP);
    if (!busy_q) begin
      busy_q <= line_q[2] && !line_q[1];
      bit_q <= '0;
      count_q <= COUNT_BITS'(DIVISOR + DIVISOR / 2);
    end else if (sample) begin
      count_q <= count_q + COUNT_BITS'(DIVISOR) - COUNT_BITS'(STEP);
      bit_q <= bit_q + 1'b1;
      if (bit_q == LAST) begin
        busy_q <= 1'b0;
        valid_o <= line_q[1];
      end else begin
        data_o <= {line_q[1], data_o[7:1]};
      end
    end
    if (!rst_ni) begin
      line_q <= '1;
      busy_q <= 1'b0;
      valid_o <= 1'b0;
    end
  end

endmodule
