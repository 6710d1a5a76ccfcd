# Zynq-7000: the processor is the host, its DDR the memory; one HP port per channel. Not run in Vivado here.

set channels [llength $board_memories]

add_ip ps processing_system7
apply_bd_automation -rule xilinx.com:bd_rule:processing_system7 \
  -config {make_external "FIXED_IO, DDR" apply_board_preset 1} [get_bd_cells ps]
set config [list CONFIG.PCW_USE_M_AXI_GP0 1 CONFIG.PCW_USE_FABRIC_INTERRUPT 1 CONFIG.PCW_IRQ_F2P_INTR 1 \
  CONFIG.PCW_FPGA0_PERIPHERAL_FREQMHZ 100]
for {set n 0} {$n < $channels} {incr n} {
  lappend config CONFIG.PCW_USE_S_AXI_HP$n 1 CONFIG.PCW_S_AXI_HP${n}_DATA_WIDTH 64
}
set_property -dict $config [get_bd_cells ps]

add_engine_clock ps/FCLK_CLK0 100 ps/FCLK_RESET0_N
add_engine clock/clk_out1
wire engine/irq ps/IRQ_F2P
wire clock/clk_out1 ps/M_AXI_GP0_ACLK

add_smartconnect register_bus 1 1 [list clock/clk_out1] reset/interconnect_aresetn
link ps/M_AXI_GP0 register_bus/S00_AXI
link register_bus/M00_AXI engine/s_axil
map ps/M_AXI_GP0 engine/s_axil 0x40000000 0x40000

for {set n 0} {$n < $channels} {incr n} {
  set tag [format %02d $n]
  wire clock/clk_out1 ps/S_AXI_HP${n}_ACLK
  add_smartconnect memory_bus_$n 1 1 [list clock/clk_out1] reset/interconnect_aresetn
  link engine/m${tag}_axi memory_bus_$n/S00_AXI
  link memory_bus_$n/M00_AXI ps/S_AXI_HP$n
  map engine/m${tag}_axi ps/S_AXI_HP$n 0x0 0x20000000 HP${n}_DDR_LOWOCM
}
