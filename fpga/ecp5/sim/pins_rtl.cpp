// The pins of the Verilated ulx3s_top.
#include "Vulx3s_top.h"
#include "pins.h"
#include "verilated.h"

namespace {

struct Rtl final : Pins {
  VerilatedContext context;
  Vulx3s_top top{&context};

  bool cycle(bool rx) override {
    top.ftdi_txd = rx;
    top.clk_25mhz = 0;
    top.eval();
    top.clk_25mhz = 1;
    top.eval();
    return top.ftdi_rxd;
  }
};

}  // namespace

std::unique_ptr<Pins> open_pins(const char *) { return std::make_unique<Rtl>(); }
