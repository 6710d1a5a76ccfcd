// Models of the ECP5's cells, as Yosys's netlists use them. Trusted: what a netlist is said to compute is what these say.
//
// Every cell is a function of bits. What a model does not cover (asynchronous resets, output registers, ...) is refused by
// flow/simulate/netlist.py before anything is simulated.
#ifndef GATE_CELLS_H
#define GATE_CELLS_H

#include <array>
#include <cstdint>

namespace gates {

inline bool bit(uint64_t value, unsigned index) { return value >> index & 1; }

// LUT4: a table of 16 bits.
inline bool lut4(uint32_t table, bool a, bool b, bool c, bool d) { return bit(table, a | b << 1 | c << 2 | d << 3); }

// PFUMX (a = ALUT, b = BLUT, select = C0) and L6MUX21 (a = D1, b = D0, select = SD).
inline bool multiplexer(bool a, bool b, bool select) { return select ? a : b; }

struct Carry {
  bool sum, carry;
};

// One of the two positions of CCU2C. Its table of four inputs says whether the carry runs through; the table's lower four bits, of
// a and b alone, what is generated where it does not. cut (INJECT1 = YES) keeps the carry out.
inline Carry carry_position(uint32_t table, bool cut, bool in, bool a, bool b, bool c, bool d) {
  const bool propagate = lut4(table, a, b, c, d);
  return {propagate != (!cut && in), propagate ? in : !cut && lut4(table, a, b, false, false)};
}

enum class Enable : int { Always, High, Low };

// TRELLIS_FF at the clock's edge, with synchronous set or reset (to value), which wins over the enable.
inline bool flip_flop(Enable mode, bool reset_low, bool value, bool enable, bool reset, bool d, bool q) {
  if (reset != reset_low) return value;
  return mode == Enable::Always || enable == (mode == Enable::High) ? d : q;
}

// MULT18X18D without its registers: numbers of 18 bits, each signed or not; 36 bits of the product.
inline uint64_t product(uint32_t a, uint32_t b, bool a_signed, bool b_signed) {
  const auto number = [](uint32_t value, bool with_sign) {
    return static_cast<int64_t>(value) - (with_sign && bit(value, 17) ? INT64_C(1) << 18 : 0);
  };
  return static_cast<uint64_t>(number(a, a_signed) * number(b, b_signed)) & ((UINT64_C(1) << 36) - 1);
}

struct Port {
  int width = 18;             // 1, 2, 4, 9, 18 or 36
  bool shows_old = false;     // WRITEMODE READBEFOREWRITE; else a port that writes keeps its output
  bool enable = false, write = false;
  uint32_t address = 0;       // 14 pins
  uint64_t in = 0;            // 36 bits of an access of that width
  uint64_t out = 0;
};

// DP16KD without output registers and resets: 512 rows of four bytes of nine bits behind two ports.
//
// Widths below 9 leave the ninth bit of each byte alone; 18 and 36 have byte enables in the lowest address pins. What a port
// reads while the other writes the same bit is not defined by the device: the model gives the complement of what was there.
struct BlockRam {
  std::array<uint64_t, 512> rows{};
  Port a, b;

  static unsigned place(const Port &port) {
    const uint32_t address = port.address;
    const unsigned byte = 9 * (address >> 3 & 3);
    switch (port.width) {
      case 36: return 0;
      case 18: return 18 * (address >> 4 & 1);
      case 9: return byte;
      case 4: return byte + 4 * (address >> 2 & 1);
      case 2: return byte + 2 * (address >> 1 & 3);
      default: return byte + (address & 7);
    }
  }

  static uint64_t touched(const Port &port) {
    if (!port.enable || !port.write) return 0;
    uint64_t mask = 0;
    if (port.width < 18) mask = (UINT64_C(1) << port.width) - 1;
    else for (int i = 0; i < port.width / 9; ++i) if (bit(port.address, i)) mask |= UINT64_C(0x1FF) << 9 * i;
    return mask << place(port);
  }

  static uint32_t row(const Port &port) { return port.address >> 5 & 0x1FF; }

  void read(Port &port, uint64_t disturbed) const {
    if (!port.enable || (port.write && !port.shows_old)) return;
    port.out = (rows[row(port)] ^ disturbed) >> place(port) & ((UINT64_C(1) << port.width) - 1);
  }

  static void store(std::array<uint64_t, 512> &rows, const Port &port, uint64_t mask) {
    uint64_t &at = rows[row(port)];
    at = (at & ~mask) | (port.in << place(port) & mask);
  }

  // The clock's edge of both ports. True if it wrote.
  bool edge() {
    const uint64_t mask_a = touched(a), mask_b = touched(b);
    const bool same = row(a) == row(b);
    read(a, same ? mask_b : 0);
    read(b, same ? mask_a : 0);
    store(rows, a, mask_a);
    store(rows, b, mask_b);
    return mask_a | mask_b;
  }
};

}  // namespace gates

#endif
