#include "gates.h"

#include <sstream>
#include <stdexcept>

namespace gates {

namespace {

constexpr int kBlockPins = 2 * (14 + 18 + 2);

std::vector<int> numbers(std::istream &line, int count) {
  std::vector<int> values(count);
  for (int &value : values)
    if (!(line >> value)) throw std::runtime_error("netlist: a line is too short");
  return values;
}

uint32_t hexadecimal(std::istream &line) {
  uint32_t value = 0;
  if (!(line >> std::hex >> value >> std::dec)) throw std::runtime_error("netlist: a number is missing");
  return value;
}

}  // namespace

Netlist::Netlist(std::istream &text) {
  read(text);
  arrange();
}

void Netlist::add(Cell cell, const std::vector<int> &inputs, const std::vector<int> &outputs) {
  cell.pins = static_cast<int>(pins_.size());
  cell.inputs = static_cast<int>(inputs.size());
  cell.outputs = static_cast<int>(outputs.size());
  pins_.insert(pins_.end(), inputs.begin(), inputs.end());
  pins_.insert(pins_.end(), outputs.begin(), outputs.end());
  cells_.push_back(cell);
}

void Netlist::read(std::istream &text) {
  std::string word, name, row;
  while (std::getline(text, row)) {
    std::istringstream line(row);
    line >> word;
    if (word == "nets") {
      values_.assign(numbers(line, 1)[0], 0);
      values_.at(1) = 1;
    } else if (word == "in" || word == "out") {
      line >> name;
      (word == "in" ? inputs_ : outputs_)[name] = numbers(line, 1)[0];
    } else if (word == "lut") {
      Cell cell{Kind::Lut};
      cell.table_a = hexadecimal(line);
      const auto in = numbers(line, 4);
      add(cell, in, numbers(line, 1));
    } else if (word == "mux") {
      const auto in = numbers(line, 3);
      add(Cell{Kind::Mux}, in, numbers(line, 1));
    } else if (word == "carry") {
      Cell cell{Kind::Carry};
      cell.table_a = hexadecimal(line);
      cell.table_b = hexadecimal(line);
      const auto cuts = numbers(line, 2);
      cell.flag_a = cuts[0];
      cell.flag_b = cuts[1];
      const auto in = numbers(line, 9);
      add(cell, in, numbers(line, 3));
    } else if (word == "product") {
      const auto in = numbers(line, 38);
      add(Cell{Kind::Product}, in, numbers(line, 36));
    } else if (word == "ff") {
      Cell cell{Kind::FlipFlop};
      const auto mode = numbers(line, 3);
      cell.enable = static_cast<Enable>(mode[0]);
      cell.flag_a = mode[1];
      cell.flag_b = mode[2];
      const auto in = numbers(line, 3), out = numbers(line, 1);
      values_.at(out[0]) = cell.flag_b;
      add(cell, in, out);
    } else if (word == "ram16") {
      std::array<uint8_t, 16> contents{};
      for (auto &entry : contents) entry = static_cast<uint8_t>(hexadecimal(line));
      Cell reads{Kind::Read16}, writes{Kind::Write16};
      reads.memory = writes.memory = static_cast<int>(small_.size());
      small_.push_back(contents);
      writes.partner = static_cast<int>(cells_.size());
      const auto written = numbers(line, 9), address = numbers(line, 4);
      add(reads, address, numbers(line, 4));
      add(writes, written, {});
    } else if (word == "block") {
      Cell cell{Kind::Block};
      cell.memory = static_cast<int>(blocks_.size());
      BlockRam &block = blocks_.emplace_back();
      const auto mode = numbers(line, 4);
      block.a.width = mode[0];
      block.b.width = mode[1];
      block.a.shows_old = mode[2];
      block.b.shows_old = mode[3];
      const auto in = numbers(line, kBlockPins);
      add(cell, in, numbers(line, 36));
    } else if (word == "contents") { // of the block before: row, its four bytes
      const auto at = numbers(line, 1)[0];
      uint64_t value = 0;
      line >> std::hex >> value;
      blocks_.back().rows.at(at) = value;
    } else {
      throw std::runtime_error("netlist: unknown word " + word);
    }
  }
}

// Who reads and drives each net, and in which order gates are looked at: all of a gate's drivers have lower levels.
void Netlist::arrange() {
  drivers_.assign(values_.size(), -1);
  first_reader_.assign(values_.size() + 1, 0);
  for (const Cell &cell : cells_)
    for (int i = 0; i < cell.inputs; ++i) ++first_reader_[pins_[cell.pins + i] + 1];
  for (size_t net = 0; net < values_.size(); ++net) first_reader_[net + 1] += first_reader_[net];
  readers_.resize(first_reader_.back());
  std::vector<int> fill(first_reader_.begin(), first_reader_.end() - 1);
  for (size_t number = 0; number < cells_.size(); ++number) {
    const Cell &cell = cells_[number];
    for (int i = 0; i < cell.inputs; ++i) readers_[fill[pins_[cell.pins + i]]++] = static_cast<int>(number);
    for (int i = 0; i < cell.outputs; ++i) {
      int &driver = drivers_[pins_[cell.pins + cell.inputs + i]];
      if (driver >= 0) throw std::runtime_error("netlist: a net has two drivers");
      driver = static_cast<int>(number);
    }
  }
  std::vector<int> path;
  for (size_t number = 0; number < cells_.size(); ++number) {
    if (is_gate(cells_[number].kind)) level(static_cast<int>(number), path);
    wake(static_cast<int>(number));
  }
}

int Netlist::level(int gate, std::vector<int> &path) {
  constexpr int kOnPath = -2;
  path.assign(1, gate);
  while (!path.empty()) {
    Cell &cell = cells_[path.back()];
    if (cell.level >= 0) {
      path.pop_back();
      continue;
    }
    int highest = -1, missing = -1;
    for (int i = 0; i < cell.inputs && missing < 0; ++i) {
      const int driver = drivers_[pins_[cell.pins + i]];
      if (driver < 0 || !is_gate(cells_[driver].kind)) continue;
      if (cells_[driver].level == kOnPath) throw std::runtime_error("netlist: gates drive themselves");
      if (cells_[driver].level < 0) missing = driver;
      else if (cells_[driver].level > highest) highest = cells_[driver].level;
    }
    if (missing >= 0) {
      cell.level = kOnPath;
      path.push_back(missing);
    } else {
      cell.level = highest + 1;
      if (levels_.size() <= static_cast<size_t>(cell.level)) levels_.resize(cell.level + 1);
      path.pop_back();
    }
  }
  return cells_[gate].level;
}

void Netlist::wake(int number) {
  Cell &cell = cells_[number];
  if (cell.waiting) return;
  cell.waiting = true;
  if (is_gate(cell.kind)) levels_[cell.level].push_back(number);
  else due_.push_back(number);
}

void Netlist::change(int net, bool value) {
  if (values_[net] == value) return;
  values_[net] = value;
  for (int i = first_reader_[net]; i < first_reader_[net + 1]; ++i) wake(readers_[i]);
}

uint64_t Netlist::pins(const Cell &cell, int first, int count) const {
  uint64_t value = 0;
  for (int i = 0; i < count; ++i) value |= static_cast<uint64_t>(pin(cell, first + i)) << i;
  return value;
}

void Netlist::settle() {
  for (auto &waiting : levels_) {
    for (size_t i = 0; i < waiting.size(); ++i) {
      Cell &cell = cells_[waiting[i]];
      cell.waiting = false;
      evaluate(cell);
    }
    waiting.clear();
  }
}

void Netlist::evaluate(const Cell &cell) {
  const int *out = &pins_[cell.pins + cell.inputs];
  switch (cell.kind) {
    case Kind::Lut:
      change(out[0], lut4(cell.table_a, pin(cell, 0), pin(cell, 1), pin(cell, 2), pin(cell, 3)));
      break;
    case Kind::Mux:
      change(out[0], multiplexer(pin(cell, 0), pin(cell, 1), pin(cell, 2)));
      break;
    case Kind::Carry: {
      const Carry first = carry_position(cell.table_a, cell.flag_a, pin(cell, 0), pin(cell, 1), pin(cell, 2), pin(cell, 3),
                                         pin(cell, 4));
      const Carry second = carry_position(cell.table_b, cell.flag_b, first.carry, pin(cell, 5), pin(cell, 6), pin(cell, 7),
                                          pin(cell, 8));
      change(out[0], first.sum);
      change(out[1], second.sum);
      change(out[2], second.carry);
      break;
    }
    case Kind::Product: {
      const uint64_t value = product(static_cast<uint32_t>(pins(cell, 0, 18)), static_cast<uint32_t>(pins(cell, 18, 18)),
                                     pin(cell, 36), pin(cell, 37));
      for (int i = 0; i < 36; ++i) change(out[i], bit(value, i));
      break;
    }
    case Kind::Read16: {
      const uint8_t value = small_[cell.memory][pins(cell, 0, 4)];
      for (int i = 0; i < 4; ++i) change(out[i], bit(value, i));
      break;
    }
    default: break;
  }
}

// What the clock does to a cell, from the values before it; outputs change after all cells have been seen.
void Netlist::edge(const Cell &cell) {
  const int number = static_cast<int>(&cell - cells_.data());
  switch (cell.kind) {
    case Kind::FlipFlop:
      later(cell, 0, flip_flop(cell.enable, cell.flag_a, cell.flag_b, pin(cell, 0), pin(cell, 1), pin(cell, 2),
                               values_[pins_[cell.pins + cell.inputs]]));
      break;
    case Kind::Write16: // pins: data, address, enable
      if (pin(cell, 8)) {
        small_[cell.memory][pins(cell, 4, 4)] = static_cast<uint8_t>(pins(cell, 0, 4));
        next_due_.push_back(cell.partner);
      }
      break;
    case Kind::Block: { // pins of each port: address, data, enable, write
      BlockRam &block = blocks_[cell.memory];
      const auto take = [&](Port &port, int first, uint64_t data) {
        port.address = static_cast<uint32_t>(pins(cell, first, 14));
        port.enable = pin(cell, first + 32);
        port.write = pin(cell, first + 33);
        port.in = data;
      };
      const uint64_t data_a = pins(cell, 14, 18), data_b = pins(cell, 48, 18);
      take(block.a, 0, block.a.width == 36 ? data_a | data_b << 18 : data_a);
      take(block.b, 34, data_b);
      if (block.edge()) next_due_.push_back(number); // the same address may read something else now
      const bool wide = block.b.width == 36;
      for (int i = 0; i < 18; ++i) {
        later(cell, i, bit(wide ? block.b.out : block.a.out, i));
        later(cell, 18 + i, bit(block.b.out, wide ? 18 + i : i));
      }
      break;
    }
    default: break;
  }
}

void Netlist::clock() {
  settle();
  changes_.clear();
  next_due_.clear();
  for (int number : due_) cells_[number].waiting = false;
  for (int number : due_) edge(cells_[number]);
  due_.clear();
  for (int number : next_due_) wake(number);
  for (const Change &next : changes_) change(next.net, next.value);
  settle();
}

}  // namespace gates
