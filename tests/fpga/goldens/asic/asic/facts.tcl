# Rendered by flow: the engine, its macros and its floor plan. Not run in Genus or Innovus here.
# cell areas assumed (45 nm, NanGate Open Cell Library), um2: INV 0.532, BUF 0.798, NAND2 0.798, NOR2 0.798, AND2 1.064, OR2 1.064, XOR2 1.596, XNOR2 1.596, AOI21 1.064, OAI21 1.064, MUX2 1.862, DFF 4.522
# memory macros: 1.5 x (170 + 0.5228 a bit) um2; cells fill 70 %, macros 80 % of their part of the die, the rest is wiring
set flow_top flow_top
set flow_clock_mhz 500
set flow_sources [list \
  rtl/engine_pkg.sv \
  rtl/isa_pkg.sv \
  rtl/core_pkg.sv \
  rtl/alu_pkg.sv \
  rtl/fifo.sv \
  rtl/loop_counter.sv \
  rtl/legality.sv \
  rtl/fetch.sv \
  rtl/token_channels.sv \
  rtl/token_gate.sv \
  rtl/run_generator.sv \
  rtl/burst_splitter.sv \
  rtl/axi_read.sv \
  rtl/gearbox_in.sv \
  rtl/load_request.sv \
  rtl/load_receive.sv \
  rtl/load.sv \
  rtl/input_buffer.sv \
  rtl/weight_loader.sv \
  rtl/gemm.sv \
  rtl/array_column.sv \
  rtl/accumulator.sv \
  rtl/alu_lanes.sv \
  rtl/alu.sv \
  rtl/axi_write.sv \
  rtl/gearbox_out.sv \
  rtl/store.sv \
  rtl/supervisor.sv \
  rtl/core_registers.sv \
  rtl/axil_slave.sv \
  rtl/axi_read_mux.sv \
  rtl/axi_write_mux.sv \
  rtl/flow_core.sv \
  rtl/flow_top.sv \
  fpga/asic/memories.sv \
]
# one element per shape of macro: name, width, depth, how many, um2 assumed
set flow_macros [list \
  [list flow_sram_8x512 8 512 16 3468] \
  [list flow_sram_32x512 32 512 64 13104] \
  [list flow_sram_128x512 128 512 1 51649] \
  [list flow_sram_128x2048 128 2048 5 205829] \
]
# share of the core area that cells may fill
set flow_density 0.70
