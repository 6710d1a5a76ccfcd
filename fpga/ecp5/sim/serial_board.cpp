// The serial device of flow_serial with a simulated board at the other end of the line. DIVISOR is the time of one bit in
// 1/256 clocks; the clock is the time: one cycle is one nanosecond. FLOW_SERIAL_SEED plants bytes that are flipped or lost, in both
// directions; FLOW_SERIAL_LATE is the cycles by which it holds some answers back instead, with all that come behind them.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <exception>
#include <memory>

#include "pins.h"

extern "C" {
#include "flow_serial.h"
}

namespace {

constexpr uint64_t kFrameBits = 10;
constexpr int kStartUp = 64; // cycles until the board listens
constexpr unsigned kRarely = 2000;
constexpr unsigned kLate = 40; // one answer in so many

struct Line {
  std::unique_ptr<Pins> pins;
  bool rx = true;
  bool tx = true;
  uint64_t cycles = 0;
  struct Received {
    uint8_t byte;
    uint64_t due; // cycle
  };
  std::deque<Received> received;
  uint64_t late = 0;
  uint64_t due = 0;
  bool silent = true; // nothing was received since the last byte was sent
  uint64_t next_sample = 0; // in 1/256 clocks
  int bit = -1;
  uint8_t byte = 0;
  uint64_t random = 0;
  bool faults = false;

  explicit Line(const char *argument) : pins(open_pins(argument)) {
    const char *seed = std::getenv("FLOW_SERIAL_SEED");
    const char *delay = std::getenv("FLOW_SERIAL_LATE");
    late = delay ? std::strtoull(delay, nullptr, 0) : 0;
    faults = seed != nullptr;
    random = seed ? std::strtoull(seed, nullptr, 0) : 0;
    while (cycles < kStartUp) {
      pins->cycle(rx);
      ++cycles;
    }
  }

  bool chance(unsigned of) {
    random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return faults && (random >> 33) % of == 0;
  }

  bool damage() { return !late && chance(kRarely); }

  void take(uint8_t value) {
    if (silent && late && chance(kLate)) due = cycles + late;
    silent = false;
    received.push_back({value, std::max(due, cycles)});
  }

  bool ready() const { return !received.empty() && received.front().due <= cycles; }

  void step() {
    tx = pins->cycle(rx);
    ++cycles;
    if (bit < 0) {
      if (!tx) {
        bit = 0;
        next_sample = 256 * cycles + DIVISOR + DIVISOR / 2;
      }
    } else if (256 * cycles >= next_sample) {
      next_sample += DIVISOR;
      if (bit < 8) {
        byte = static_cast<uint8_t>(byte >> 1 | tx << 7);
        ++bit;
      } else {
        if (damage()) byte ^= 0x10;
        if (tx && !damage()) take(byte);
        bit = -1;
      }
    }
  }

  void send(uint8_t value) {
    silent = true;
    if (damage()) return;
    if (damage()) value ^= 0x04;
    uint64_t end = 256 * cycles;
    for (uint64_t i = 0; i < kFrameBits; ++i) {
      rx = i == 0 ? false : i == kFrameBits - 1 ? true : value >> (i - 1) & 1;
      end += DIVISOR;
      while (256 * cycles < end) step();
    }
  }
};

std::unique_ptr<Line> line;

int send_all(void *, const uint8_t *data, size_t length) {
  for (size_t i = 0; i < length; ++i) line->send(data[i]);
  return 0;
}

int receive(void *, uint8_t *data, size_t length, uint64_t timeout_ns) {
  const uint64_t end = line->cycles + timeout_ns;
  while (!line->ready() && line->cycles < end) line->step();
  size_t count = 0;
  while (count < length && line->ready()) {
    data[count++] = line->received.front().byte;
    line->received.pop_front();
  }
  return static_cast<int>(count);
}

uint64_t now_ns(void *) { return line->cycles; }

}  // namespace

extern "C" {

extern const flow_serial_line flow_serial_linux;
const flow_serial_line flow_serial_linux = {send_all, receive, now_ns};

int flow_serial_linux_open(const char *path) try {
  line = std::make_unique<Line>(path);
  return 1;
} catch (const std::exception &error) {
  std::fprintf(stderr, "%s\n", error.what());
  return -1;
}

void flow_serial_linux_close(int) {
  line.reset();
}
}
