// ULX3S: 25 MHz oscillator, USB serial, LEDs (0 interrupt, 1 receiving, 2 sending, 3 clock locked).
module ulx3s_top #(
  parameter int unsigned DIVISOR = 256 * 16,
  parameter int unsigned MEMORY_BYTES = 131072,
  parameter int CLKOP_DIV = 12, // 600 MHz / clock
  parameter int CLKFB_DIV = 2   // clock / 25 MHz
) (
  input  logic       clk_25mhz,
  input  logic       ftdi_txd, // to the FPGA
  output logic       ftdi_rxd, // from the FPGA
  output logic [3:0] led
);

  logic clk, locked;
  logic [7:0] reset_q;

  (* FREQUENCY_PIN_CLKI = "25" *)
  (* ICP_CURRENT = "12" *) (* LPF_RESISTOR = "8" *) (* MFG_ENABLE_FILTEROPAMP = "1" *) (* MFG_GMCREF_SEL = "2" *)
  EHXPLLL #(
    .PLLRST_ENA("DISABLED"), .INTFB_WAKE("DISABLED"), .STDBY_ENABLE("DISABLED"), .DPHASE_SOURCE("DISABLED"),
    .OUTDIVIDER_MUXA("DIVA"), .OUTDIVIDER_MUXB("DIVB"), .OUTDIVIDER_MUXC("DIVC"), .OUTDIVIDER_MUXD("DIVD"),
    .CLKI_DIV(1), .CLKOP_ENABLE("ENABLED"), .CLKOP_DIV(CLKOP_DIV), .CLKOP_CPHASE(CLKOP_DIV - 1), .CLKOP_FPHASE(0),
    .FEEDBK_PATH("CLKOP"), .CLKFB_DIV(CLKFB_DIV)
  ) i_pll (
    .RST(1'b0), .STDBY(1'b0), .CLKI(clk_25mhz), .CLKOP(clk), .CLKFB(clk), .CLKINTFB(), .PHASESEL0(1'b0), .PHASESEL1(1'b0),
    .PHASEDIR(1'b1), .PHASESTEP(1'b1), .PHASELOADREG(1'b1), .PLLWAKESYNC(1'b0), .ENCLKOP(1'b0), .LOCK(locked)
  );

  always_ff @(posedge clk) reset_q <= {reset_q[6:0], locked};

  serial_system #(.DIVISOR(DIVISOR), .MEMORY_BYTES(MEMORY_BYTES)) i_system (
    .clk_i(clk), .rst_ni(reset_q[7]), .rx_i(ftdi_txd), .tx_o(ftdi_rxd), .irq_o(led[0])
  );

  assign led[1] = !ftdi_txd;
  assign led[2] = !ftdi_rxd;
  assign led[3] = locked;

endmodule
