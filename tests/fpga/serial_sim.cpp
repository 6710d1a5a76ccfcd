// The serial device of flow_serial, with the Verilated serial_system at the other end of the line. DIVISOR is the time of
// one bit in 1/256 clocks; the clock is the time: one cycle is one nanosecond. FLOW_SERIAL_SEED plants bytes that are
// flipped or lost, in both directions.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>

#include "Vserial_system.h"
#include "verilated.h"

extern "C" {
#include "flow_serial.h"
}

namespace {

constexpr uint64_t kFrameBits = 10;

struct Board {
  VerilatedContext context;
  std::unique_ptr<Vserial_system> top;
  uint64_t cycles = 0;
  std::deque<uint8_t> received;
  uint64_t next_sample = 0;  // in 1/256 clocks
  int bit = -1;
  uint8_t byte = 0;
  uint64_t random = 0;
  bool faults = false;

  Board() : top(std::make_unique<Vserial_system>(&context)) {
    const char *seed = std::getenv("FLOW_SERIAL_SEED");
    faults = seed != nullptr;
    random = seed ? std::strtoull(seed, nullptr, 0) : 0;
    top->rx_i = 1;
    top->rst_ni = 0;
    for (int i = 0; i < 16; ++i) step();
    top->rst_ni = 1;
    for (int i = 0; i < 16; ++i) step();
  }

  bool chance(unsigned of) {
    random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return faults && (random >> 33) % of == 0;
  }

  void step() {
    top->clk_i = 0;
    top->eval();
    top->clk_i = 1;
    top->eval();
    ++cycles;
    if (bit < 0) {
      if (!top->tx_o && top->rst_ni) {
        bit = 0;
        next_sample = 256 * cycles + DIVISOR + DIVISOR / 2;
      }
    } else if (256 * cycles >= next_sample) {
      next_sample += DIVISOR;
      if (bit < 8) {
        byte = static_cast<uint8_t>(byte >> 1 | top->tx_o << 7);
        ++bit;
      } else {
        if (chance(2000)) byte ^= 0x10;
        if (top->tx_o && !chance(2000)) received.push_back(byte);
        bit = -1;
      }
    }
  }

  void send(uint8_t value) {
    if (chance(2000)) return;
    if (chance(2000)) value ^= 0x04;
    uint64_t end = 256 * cycles;
    for (uint64_t i = 0; i < kFrameBits; ++i) {
      top->rx_i = i == 0 ? 0 : i == kFrameBits - 1 ? 1 : value >> (i - 1) & 1;
      end += DIVISOR;
      while (256 * cycles < end) step();
    }
  }
};

std::unique_ptr<Board> board;

int send_all(void *, const uint8_t *data, size_t length) {
  for (size_t i = 0; i < length; ++i) board->send(data[i]);
  return 0;
}

int receive(void *, uint8_t *data, size_t length, uint64_t timeout_ns) {
  const uint64_t end = board->cycles + timeout_ns;
  while (board->received.empty() && board->cycles < end) board->step();
  size_t count = 0;
  while (count < length && !board->received.empty()) {
    data[count++] = board->received.front();
    board->received.pop_front();
  }
  return static_cast<int>(count);
}

uint64_t now_ns(void *) { return board->cycles; }

}  // namespace

extern "C" {

extern const flow_serial_line flow_serial_linux;
const flow_serial_line flow_serial_linux = {send_all, receive, now_ns};

int flow_serial_linux_open(const char *) {
  board = std::make_unique<Board>();
  return 1;
}

void flow_serial_linux_close(int) {
  std::fprintf(stderr, "cycles %llu\n", static_cast<unsigned long long>(board->cycles));
  board.reset();
}
}
