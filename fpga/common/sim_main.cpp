// The engine alone on its register port: who are you, and can you hold a value? (fusesoc run --target=sim)
#include <cstdint>
#include <cstdio>

#include "Vflow_top.h"
#include "verilated.h"

extern "C" {
#include "flow_isa.h"
}

namespace {

constexpr int kPatience = 100;

void step(Vflow_top &top) {
  top.clk_i = 0;
  top.eval();
  top.clk_i = 1;
  top.eval();
}

bool read(Vflow_top &top, uint32_t address, uint32_t &value) {
  top.s_axil_araddr_i = address;
  top.s_axil_arvalid_i = 1;
  top.s_axil_rready_i = 0;
  for (int i = 0; i < kPatience; ++i) {
    top.eval();
    const bool accepted = top.s_axil_arvalid_i && top.s_axil_arready_o;
    step(top);
    if (accepted) top.s_axil_arvalid_i = 0;
    if (top.s_axil_rvalid_o) {
      value = top.s_axil_rdata_o;
      top.s_axil_rready_i = 1;
      step(top);
      return true;
    }
  }
  return false;
}

bool write(Vflow_top &top, uint32_t address, uint32_t value) {
  top.s_axil_awaddr_i = address;
  top.s_axil_wdata_i = value;
  top.s_axil_wstrb_i = 0xF;
  top.s_axil_awvalid_i = top.s_axil_wvalid_i = 1;
  top.s_axil_bready_i = 1;
  for (int i = 0; i < kPatience; ++i) {
    top.eval();
    const bool accepted = top.s_axil_awready_o && top.s_axil_wready_o;
    step(top);
    if (accepted) {
      top.s_axil_awvalid_i = top.s_axil_wvalid_i = 0;
      step(top);
      return true;
    }
  }
  return false;
}

}  // namespace

int main(int argc, char **argv) {
  VerilatedContext context;
  context.commandArgs(argc, argv);
  Vflow_top top(&context);
  uint32_t magic = 0, scratch = 0;
  top.rst_ni = 0;
  for (int i = 0; i < 8; ++i) step(top);
  top.rst_ni = 1;
  const bool good = read(top, FLOW_REG_MAGIC, magic) && magic == FLOW_MAGIC &&
                    write(top, FLOW_REG_SCRATCH, 0xC0FFEE11u) && read(top, FLOW_REG_SCRATCH, scratch) &&
                    scratch == 0xC0FFEE11u;
  std::printf("%s: magic %08x, scratch %08x\n", good ? "PASS" : "FAIL", static_cast<unsigned>(magic),
              static_cast<unsigned>(scratch));
  top.final();
  return good ? 0 : 1;
}
