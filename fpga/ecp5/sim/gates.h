// A netlist of ECP5 cells, simulated by events: a cell is looked at when one of its inputs has changed.
//
// There is one clock. Format of the netlist: flow/simulate/netlist.py.
#ifndef GATES_H
#define GATES_H

#include <cstdint>
#include <istream>
#include <map>
#include <string>
#include <vector>

#include "gate_cells.h"

namespace gates {

class Netlist {
 public:
  // Throws std::runtime_error if the text is not a netlist or has a loop of gates.
  explicit Netlist(std::istream &text);

  // Net of one bit of a port. Throws std::out_of_range for a port that does not exist.
  int input(const std::string &name) const { return inputs_.at(name); }
  int output(const std::string &name) const { return outputs_.at(name); }

  void set(int net, bool value) { change(net, value); }
  bool get(int net) const { return values_[net]; }
  void settle(); // until no gate wants to change
  void clock();  // settle, one edge of the clock, settle

 private:
  enum class Kind : uint8_t { Lut, Mux, Carry, Product, Read16, FlipFlop, Write16, Block };

  struct Cell {
    Kind kind;
    bool flag_a = false, flag_b = false; // Carry: cuts; FlipFlop: reset active low, value
    Enable enable = Enable::Always;
    uint32_t table_a = 0, table_b = 0;
    int memory = 0; // of Read16, Write16, Block
    int partner = 0; // of Write16: the cell that reads
    int pins = 0;   // first of its pins in pins_, inputs first
    int inputs = 0;
    int outputs = 0;
    int level = -1; // gates only
    bool waiting = false;
  };

  struct Change {
    int net;
    bool value;
  };

  void read(std::istream &text);
  void add(Cell cell, const std::vector<int> &inputs, const std::vector<int> &outputs);
  void arrange();
  int level(int gate, std::vector<int> &path);
  static bool is_gate(Kind kind) { return kind <= Kind::Read16; }
  void change(int net, bool value);
  void wake(int cell);
  void evaluate(const Cell &cell);
  void edge(const Cell &cell);
  bool pin(const Cell &cell, int index) const { return values_[pins_[cell.pins + index]]; }
  uint64_t pins(const Cell &cell, int first, int count) const;
  void later(const Cell &cell, int output, bool value) { changes_.push_back({pins_[cell.pins + cell.inputs + output], value}); }

  std::map<std::string, int> inputs_, outputs_;
  std::vector<uint8_t> values_;
  std::vector<int> pins_;
  std::vector<Cell> cells_;
  std::vector<int> drivers_;               // of each net: the cell, or -1
  std::vector<int> readers_, first_reader_; // of net n: readers_[first_reader_[n]] up to that of n + 1
  std::vector<std::array<uint8_t, 16>> small_;
  std::vector<BlockRam> blocks_;
  std::vector<std::vector<int>> levels_;   // gates that wait
  std::vector<int> due_, next_due_;        // of the rest, those whose next edge is not as the last
  std::vector<Change> changes_;
};

}  // namespace gates

#endif
