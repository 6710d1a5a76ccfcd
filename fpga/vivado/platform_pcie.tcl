# Host over PCIe (XDMA), one DDR4 controller per channel of the engine. Not run in Vivado here.
#
#   host - xdma.M_AXI ------ host_bus --+- memory_bus_n - ddr4_n       data, all channels one after the other
#                           engine.mNN -+
#   host - xdma.M_AXI_LITE - register_bus - engine.s_axil, ddr4_n.C0_DDR4_S_AXI_CTRL (ECC registers)

set channels [llength $board_memories]

# --- PCIe ---

create_bd_intf_port -mode Slave -vlnv xilinx.com:interface:diff_clock_rtl:1.0 pcie_refclk
set_property CONFIG.FREQ_HZ 100000000 [get_bd_intf_ports pcie_refclk]
create_bd_intf_port -mode Master -vlnv xilinx.com:interface:pcie_7x_mgt_rtl:1.0 pcie_mgt
create_bd_port -dir I -type rst pcie_perstn
set_property CONFIG.POLARITY ACTIVE_LOW [get_bd_ports pcie_perstn]

add_ip refclk_buffer util_ds_buf [list CONFIG.C_BUF_TYPE IBUFDSGTE CONFIG.USE_BOARD_FLOW true \
  CONFIG.DIFF_CLK_IN_BOARD_INTERFACE pcie_refclk]
add_ip xdma xdma [list CONFIG.functional_mode DMA CONFIG.mode_selection Advanced \
  CONFIG.PCIE_BOARD_INTERFACE $board_pcie CONFIG.SYS_RST_N_BOARD_INTERFACE pcie_perstn \
  CONFIG.pl_link_cap_max_link_width X16 CONFIG.pl_link_cap_max_link_speed 8.0_GT/s \
  CONFIG.xdma_axi_intf_mm AXI_Memory_Mapped CONFIG.axi_data_width 512_bit CONFIG.axisten_freq 250 \
  CONFIG.axilite_master_en true CONFIG.axilite_master_size 1 CONFIG.axilite_master_scale Megabytes \
  CONFIG.xdma_rnum_chnl 2 CONFIG.xdma_wnum_chnl 2 CONFIG.xdma_num_usr_irq $flow_interrupts]
link pcie_refclk refclk_buffer/CLK_IN_D
wire refclk_buffer/IBUF_DS_ODIV2 xdma/sys_clk
wire refclk_buffer/IBUF_OUT xdma/sys_clk_gt
wire pcie_perstn xdma/sys_rst_n
link xdma/pcie_mgt pcie_mgt

# --- Engine ---

add_engine_clock xdma/axi_aclk 250 xdma/axi_aresetn
add_engine xdma/axi_aclk
wire engine/irq xdma/usr_irq_req

# --- Memories ---

add_ip board_reset util_vector_logic [list CONFIG.C_OPERATION not CONFIG.C_SIZE 1]
wire pcie_perstn board_reset/Op1

add_smartconnect host_bus 1 $channels [list xdma/axi_aclk clock/clk_out1] xdma/axi_aresetn
link xdma/M_AXI host_bus/S00_AXI

set controls {}
for {set n 0} {$n < $channels} {incr n} {
  lassign [lindex $board_memories $n] interface reference base bytes
  set tag [format %02d $n]
  create_bd_intf_port -mode Slave -vlnv xilinx.com:interface:diff_clock_rtl:1.0 $reference
  set_property CONFIG.FREQ_HZ 300000000 [get_bd_intf_ports $reference]
  create_bd_intf_port -mode Master -vlnv xilinx.com:interface:ddr4_rtl:1.0 $interface
  add_ip ddr4_$n ddr4 [list CONFIG.C0_CLOCK_BOARD_INTERFACE $reference CONFIG.C0_DDR4_BOARD_INTERFACE $interface]
  link $reference ddr4_$n/C0_SYS_CLK
  link ddr4_$n/C0_DDR4 $interface
  wire board_reset/Res ddr4_$n/sys_rst

  add_ip ddr4_reset_$n proc_sys_reset [list CONFIG.C_EXT_RESET_HIGH 1]
  wire ddr4_$n/c0_ddr4_ui_clk ddr4_reset_$n/slowest_sync_clk
  wire ddr4_$n/c0_ddr4_ui_clk_sync_rst ddr4_reset_$n/ext_reset_in
  wire ddr4_reset_$n/peripheral_aresetn ddr4_$n/c0_ddr4_aresetn

  add_smartconnect memory_bus_$n 2 1 [list clock/clk_out1 ddr4_$n/c0_ddr4_ui_clk] reset/interconnect_aresetn
  link host_bus/M${tag}_AXI memory_bus_$n/S00_AXI
  link engine/m${tag}_axi memory_bus_$n/S01_AXI
  link memory_bus_$n/M00_AXI ddr4_$n/C0_DDR4_S_AXI
  if {[llength [get_bd_intf_pins -quiet ddr4_$n/C0_DDR4_S_AXI_CTRL]]} {
    lappend controls $n
  }
}

# --- Registers ---

set clocks [list xdma/axi_aclk clock/clk_out1]
foreach n $controls {
  lappend clocks ddr4_$n/c0_ddr4_ui_clk
}
add_smartconnect register_bus 1 [expr {1 + [llength $controls]}] $clocks xdma/axi_aresetn
link xdma/M_AXI_LITE register_bus/S00_AXI
link register_bus/M00_AXI engine/s_axil
set number 1
foreach n $controls {
  link register_bus/M[format %02d $number]_AXI ddr4_$n/C0_DDR4_S_AXI_CTRL
  incr number
}

# --- Addresses: registers of the engine first, then 64 KiB of each memory's ECC ---

map xdma/M_AXI_LITE engine/s_axil 0x0 0x40000
foreach n $controls {
  map xdma/M_AXI_LITE ddr4_$n/C0_DDR4_S_AXI_CTRL [format 0x%x [expr {0x80000 + 0x10000 * $n}]] 0x10000
}
for {set n 0} {$n < $channels} {incr n} {
  lassign [lindex $board_memories $n] interface reference base bytes
  map xdma/M_AXI ddr4_$n/C0_DDR4_S_AXI $base $bytes
  map engine/m[format %02d $n]_axi ddr4_$n/C0_DDR4_S_AXI $base $bytes
}
