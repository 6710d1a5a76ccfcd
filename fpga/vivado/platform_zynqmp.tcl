# Zynq UltraScale+: the processor is the host, its DDR the memory; one HP port per channel. Not run in Vivado here.

set channels [llength $board_memories]

add_ip ps zynq_ultra_ps_e
apply_bd_automation -rule xilinx.com:bd_rule:zynq_ultra_ps_e -config {apply_board_preset 1} [get_bd_cells ps]
set config [list CONFIG.PSU__USE__M_AXI_GP0 1 CONFIG.PSU__USE__M_AXI_GP1 0 CONFIG.PSU__USE__M_AXI_GP2 0 \
  CONFIG.PSU__USE__IRQ0 1 CONFIG.PSU__FPGA_PL0_ENABLE 1 CONFIG.PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ 100]
for {set n 0} {$n < $channels} {incr n} {
  # S_AXI_GP2 to GP5 are the ports HP0 to HP3
  lappend config CONFIG.PSU__USE__S_AXI_GP[expr {$n + 2}] 1 CONFIG.PSU__SAXIGP[expr {$n + 2}]__DATA_WIDTH 128
}
set_property -dict $config [get_bd_cells ps]

add_engine_clock ps/pl_clk0 100 ps/pl_resetn0
add_engine clock/clk_out1
wire engine/irq ps/pl_ps_irq0
wire clock/clk_out1 ps/maxihpm0_fpd_aclk

add_smartconnect register_bus 1 1 [list clock/clk_out1] reset/interconnect_aresetn
link ps/M_AXI_HPM0_FPD register_bus/S00_AXI
link register_bus/M00_AXI engine/s_axil
map ps/M_AXI_HPM0_FPD engine/s_axil 0xA0000000 0x40000

# memory above the first 2 GiB lies apart
set wanted {*_DDR_LOW}
if {$board_memory_bytes > 0x80000000} {
  lappend wanted *_DDR_HIGH
}
for {set n 0} {$n < $channels} {incr n} {
  set tag [format %02d $n]
  wire clock/clk_out1 ps/saxihp${n}_fpd_aclk
  add_smartconnect memory_bus_$n 1 1 [list clock/clk_out1] reset/interconnect_aresetn
  link engine/m${tag}_axi memory_bus_$n/S00_AXI
  link memory_bus_$n/M00_AXI ps/S_AXI_HP${n}_FPD
  map engine/m${tag}_axi ps/S_AXI_HP${n}_FPD 0x0 0x80000000 HP${n}_DDR_LOW
  if {[llength $wanted] > 1} {
    map engine/m${tag}_axi ps/S_AXI_HP${n}_FPD 0x800000000 0x80000000 HP${n}_DDR_HIGH
  }
  leave_out engine/m${tag}_axi ps/S_AXI_HP${n}_FPD $wanted
}
