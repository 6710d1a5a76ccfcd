# The system (qsys-script): PCIe, one memory controller per channel, the engine. Not run in Quartus here.
#
#   host - pcie.rxm_bar0 - engine.s_axil     registers
#   host - pcie.rxm_bar2 - memory_n          data, all channels one after the other
#          engine.mNN -----/

package require -exact qsys 19.1
source [file join [file dirname [file normalize [info script]]] common.tcl]

set channels [llength $board_memories]
set stratix10 [string equal $board_family "Stratix 10"]

create_system flow_system
set_project_property DEVICE_FAMILY $board_family
set_project_property DEVICE $board_device

# Export an interface of an instance under a name of its own.
proc export {name kind direction target} {
  add_interface $name $kind $direction
  set_interface_property $name EXPORT_OF $target
}

# --- PCIe ---

if {$stratix10} {
  add_instance pcie altera_pcie_s10_hip_avmm_bridge
  add_instance reset_release altera_s10_user_rst_clkgate
  add_connection reset_release.ninit_done pcie.ninit_done
  set_instance_parameter_value pcie design_environment NATIVE
  set_instance_parameter_value pcie chosen_devkit_hwtcl NONE
  set_instance_parameter_value pcie pll_refclk_freq_hwtcl {100 MHz}
  set_instance_parameter_value pcie dma_enabled_hwtcl 0
  set bar pf0_bar
  set memory_mhz 1200.0
} else {
  add_instance pcie altera_pcie_a10_hip
  set_instance_parameter_value pcie interface_type_hwtcl Avalon-MM
  set bar bar
  set memory_mhz 1066.667
}
set_instance_parameter_value pcie wrala_hwtcl $board_pcie
set_instance_parameter_value pcie ${bar}0_type_hwtcl {64-bit prefetchable memory}
set_instance_parameter_value pcie ${bar}0_address_width_hwtcl 18
set_instance_parameter_value pcie ${bar}2_type_hwtcl {64-bit prefetchable memory}
set_instance_parameter_value pcie ${bar}2_address_width_hwtcl 36
export pcie_refclk clock sink pcie.refclk
export pcie_serial conduit end pcie.hip_serial
export pcie_npor conduit end pcie.npor

# --- Clock and reset of the engine ---

add_instance pll altera_iopll
set_instance_parameter_value pll gui_reference_clock_frequency 250.0
set_instance_parameter_value pll gui_number_of_clocks 1
set_instance_parameter_value pll gui_output_clock_frequency0 $flow_clock_mhz
add_connection pcie.coreclkout_hip pll.refclk
add_instance reset altera_reset_bridge
set_instance_parameter_value reset SYNCHRONOUS_EDGES deassert
set_instance_parameter_value reset ACTIVE_LOW_RESET 1
add_connection pcie.app_nreset_status pll.reset
add_connection pcie.app_nreset_status reset.in_reset
add_connection pll.outclk0 reset.clk

# --- Engine ---

add_instance engine flow_engine
add_connection pll.outclk0 engine.clk
add_connection pcie.coreclkout_hip engine.irq_clk
add_connection reset.out_reset engine.rst_n
add_connection pcie.rxm_bar0 engine.s_axil
set_connection_parameter_value pcie.rxm_bar0/engine.s_axil baseAddress 0x0
add_connection pcie.rxm_irq engine.irq

# --- Memories ---

for {set n 0} {$n < $channels} {incr n} {
  lassign [lindex $board_memories $n] interface reference base bytes
  set memory memory_$n
  add_instance $memory altera_emif
  set_instance_parameter_value $memory PROTOCOL_ENUM PROTOCOL_DDR4
  set_instance_parameter_value $memory MEM_DDR4_DQ_WIDTH 64
  set_instance_parameter_value $memory PHY_DDR4_MEM_CLK_FREQ_MHZ $memory_mhz
  export $reference clock sink $memory.pll_ref_clk
  export ${interface}_mem conduit end $memory.mem
  export ${interface}_oct conduit end $memory.oct
  if {!$stratix10} {
    add_connection reset.out_reset $memory.global_reset_n
  }
  add_connection pcie.rxm_bar2 $memory.ctrl_amm_0
  set_connection_parameter_value pcie.rxm_bar2/$memory.ctrl_amm_0 baseAddress $base
  set master engine.m[format %02d $n]_axi
  add_connection $master $memory.ctrl_amm_0
  set_connection_parameter_value $master/$memory.ctrl_amm_0 baseAddress $base
}

validate_system
save_system flow_system.qsys
