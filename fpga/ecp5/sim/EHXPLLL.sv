// Simulation model: the oscillator as it is, locked after a few of its cycles.
//
// The output runs at the oscillator's rate, whatever the dividers say: everything behind it has one clock, and is told its
// rate only by the baud divisor.
module EHXPLLL #(
  parameter PLLRST_ENA = "DISABLED",
  parameter INTFB_WAKE = "DISABLED",
  parameter STDBY_ENABLE = "DISABLED",
  parameter DPHASE_SOURCE = "DISABLED",
  parameter OUTDIVIDER_MUXA = "DIVA",
  parameter OUTDIVIDER_MUXB = "DIVB",
  parameter OUTDIVIDER_MUXC = "DIVC",
  parameter OUTDIVIDER_MUXD = "DIVD",
  parameter CLKI_DIV = 1,
  parameter CLKOP_ENABLE = "ENABLED",
  parameter CLKOP_DIV = 8,
  parameter CLKOP_CPHASE = 0,
  parameter CLKOP_FPHASE = 0,
  parameter FEEDBK_PATH = "CLKOP",
  parameter CLKFB_DIV = 1
) (
  input  logic RST,
  input  logic STDBY,
  input  logic CLKI,
  input  logic CLKFB,
  input  logic PHASESEL0,
  input  logic PHASESEL1,
  input  logic PHASEDIR,
  input  logic PHASESTEP,
  input  logic PHASELOADREG,
  input  logic PLLWAKESYNC,
  input  logic ENCLKOP,
  output logic CLKOP,
  output logic CLKINTFB,
  output logic LOCK
);

  logic [3:0] count; // cycles until it is locked

  assign CLKOP = CLKI;
  assign CLKINTFB = 1'b0;
  assign LOCK = count == '1;

  initial count = '0;
  always_ff @(posedge CLKI) if (!LOCK) count <= count + 1'b1;

endmodule
