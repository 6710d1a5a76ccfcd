// The pins of a netlist; the device's argument is its file.
#include <fstream>
#include <stdexcept>
#include <string>

#include "gates.h"
#include "pins.h"

namespace {

struct Gates final : Pins {
  gates::Netlist netlist;
  int rx, tx;

  explicit Gates(std::istream &text) : netlist(text), rx(netlist.input("ftdi_txd")), tx(netlist.output("ftdi_rxd")) {}

  bool cycle(bool value) override {
    netlist.set(rx, value);
    netlist.clock();
    return netlist.get(tx);
  }
};

}  // namespace

std::unique_ptr<Pins> open_pins(const char *argument) {
  std::ifstream text(argument);
  if (!text) throw std::runtime_error(std::string("cannot read ") + argument);
  return std::make_unique<Gates>(text);
}
