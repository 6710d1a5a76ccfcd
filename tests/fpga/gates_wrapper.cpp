// fpga/ecp5/sim/gates.h for ctypes.
#include <sstream>
#include <string>

#include "gates.h"

extern "C" {
const char *gates_error(void);
void *gates_open(const char *text);
void gates_close(void *netlist);
int gates_input(void *netlist, const char *name);
int gates_output(void *netlist, const char *name);
void gates_set(void *netlist, int net, int value);
int gates_get(void *netlist, int net);
void gates_settle(void *netlist);
void gates_clock(void *netlist);
}

static std::string error;
static gates::Netlist &of(void *netlist) { return *static_cast<gates::Netlist *>(netlist); }

const char *gates_error(void) { return error.c_str(); }

void *gates_open(const char *text) try {
  std::istringstream stream{std::string(text)};
  return new gates::Netlist(stream);
} catch (const std::exception &problem) {
  error = problem.what();
  return nullptr;
}

void gates_close(void *netlist) { delete &of(netlist); }
int gates_input(void *netlist, const char *name) { return of(netlist).input(name); }
int gates_output(void *netlist, const char *name) { return of(netlist).output(name); }
void gates_set(void *netlist, int net, int value) { of(netlist).set(net, value != 0); }
int gates_get(void *netlist, int net) { return of(netlist).get(net); }
void gates_settle(void *netlist) { of(netlist).settle(); }
void gates_clock(void *netlist) { of(netlist).clock(); }
