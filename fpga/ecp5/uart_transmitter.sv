// Bytes to a serial line: 8 data bits, no parity, one stop bit.
//
// DIVISOR is 256 x clock / baud. ready_o is low while a byte is on the line.
module uart_transmitter #(
  parameter int unsigned DIVISOR = 256 * 16
) (
  input  logic       clk_i,
  input  logic       rst_ni,
  input  logic       valid_i,
  output logic       ready_o,
  input  logic [7:0] data_i,
  output logic       tx_o
);

  localparam int unsigned STEP = 256;
  localparam int unsigned COUNT_BITS = $clog2(DIVISOR + STEP) + 1;
  localparam logic [3:0] BITS = 4'd10;

  logic [9:0] shift_q;
  logic [3:0] left_q;
  logic [COUNT_BITS-1:0] count_q;

  assign ready_o = left_q == '0;
  assign tx_o = shift_q[0];

  always_ff @(posedge clk_i) begin
    if (ready_o) begin
      if (valid_i) begin
        shift_q <= {1'b1, data_i, 1'b0};
        left_q <= BITS;
        count_q <= COUNT_BITS'(DIVISOR);
      end
    end else if (count_q < COUNT_BITS'(2 * STEP)) begin
      shift_q <= {1'b1, shift_q[9:1]};
      left_q <= left_q - 1'b1;
      count_q <= count_q + COUNT_BITS'(DIVISOR) - COUNT_BITS'(STEP);
    end else begin
      count_q <= count_q - COUNT_BITS'(STEP);
    end
    if (!rst_ni) begin
      shift_q <= '1;
      left_q <= '0;
    end
  end

endmodule
