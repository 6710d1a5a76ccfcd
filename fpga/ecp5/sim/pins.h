// The board as it is seen from outside: clock, serial line in, serial line out.
#ifndef PINS_H
#define PINS_H

#include <memory>

struct Pins {
  virtual ~Pins() = default;
  // One cycle of the engine's clock; rx is what comes to the FPGA meanwhile. Returns what it sends after the edge.
  virtual bool cycle(bool rx) = 0;
};

// argument: of the device, as the firmware was given it (--port). Throws std::runtime_error.
std::unique_ptr<Pins> open_pins(const char *argument);

#endif
