# Rendered by flow: the engine as a component of Platform Designer. Not run in Quartus here.
package require -exact qsys 19.1

set_module_property NAME flow_engine
set_module_property VERSION 1.0
set_module_property DISPLAY_NAME "flow neural network engine"
set_module_property EDITABLE false

add_fileset synthesis QUARTUS_SYNTH {}
set_fileset_property synthesis TOP_LEVEL flow_wrapper
add_fileset_file flow_wrapper.v VERILOG PATH flow_wrapper.v TOP_LEVEL_FILE

add_interface clk clock end
add_interface_port clk clk clk Input 1
add_interface irq_clk clock end
add_interface_port irq_clk irq_clk clk Input 1
add_interface rst_n reset end
set_interface_property rst_n associatedClock clk
set_interface_property rst_n synchronousEdges DEASSERT
add_interface_port rst_n rst_n reset_n Input 1

add_interface irq interrupt end
set_interface_property irq associatedClock irq_clk
add_interface_port irq irq irq Output 2

add_interface s_axil axi4lite end
set_interface_property s_axil associatedClock clk
set_interface_property s_axil associatedReset rst_n
set_interface_property irq associatedAddressablePoint s_axil
add_interface_port s_axil s_axil_awaddr awaddr Input 32
add_interface_port s_axil s_axil_awprot awprot Input 3
add_interface_port s_axil s_axil_awvalid awvalid Input 1
add_interface_port s_axil s_axil_awready awready Output 1
add_interface_port s_axil s_axil_wdata wdata Input 32
add_interface_port s_axil s_axil_wstrb wstrb Input 4
add_interface_port s_axil s_axil_wvalid wvalid Input 1
add_interface_port s_axil s_axil_wready wready Output 1
add_interface_port s_axil s_axil_bresp bresp Output 2
add_interface_port s_axil s_axil_bvalid bvalid Output 1
add_interface_port s_axil s_axil_bready bready Input 1
add_interface_port s_axil s_axil_araddr araddr Input 32
add_interface_port s_axil s_axil_arprot arprot Input 3
add_interface_port s_axil s_axil_arvalid arvalid Input 1
add_interface_port s_axil s_axil_arready arready Output 1
add_interface_port s_axil s_axil_rdata rdata Output 32
add_interface_port s_axil s_axil_rresp rresp Output 2
add_interface_port s_axil s_axil_rvalid rvalid Output 1
add_interface_port s_axil s_axil_rready rready Input 1

add_interface m00_axi axi4 start
set_interface_property m00_axi associatedClock clk
set_interface_property m00_axi associatedReset rst_n
add_interface_port m00_axi m00_axi_arvalid arvalid Output 1
add_interface_port m00_axi m00_axi_araddr araddr Output 64
add_interface_port m00_axi m00_axi_arlen arlen Output 8
add_interface_port m00_axi m00_axi_arsize arsize Output 3
add_interface_port m00_axi m00_axi_arburst arburst Output 2
add_interface_port m00_axi m00_axi_arid arid Output 8
add_interface_port m00_axi m00_axi_rready rready Output 1
add_interface_port m00_axi m00_axi_awvalid awvalid Output 1
add_interface_port m00_axi m00_axi_awaddr awaddr Output 64
add_interface_port m00_axi m00_axi_awlen awlen Output 8
add_interface_port m00_axi m00_axi_awsize awsize Output 3
add_interface_port m00_axi m00_axi_awburst awburst Output 2
add_interface_port m00_axi m00_axi_awid awid Output 8
add_interface_port m00_axi m00_axi_wvalid wvalid Output 1
add_interface_port m00_axi m00_axi_wdata wdata Output 512
add_interface_port m00_axi m00_axi_wstrb wstrb Output 64
add_interface_port m00_axi m00_axi_wlast wlast Output 1
add_interface_port m00_axi m00_axi_bready bready Output 1
add_interface_port m00_axi m00_axi_arcache arcache Output 4
add_interface_port m00_axi m00_axi_arprot arprot Output 3
add_interface_port m00_axi m00_axi_awcache awcache Output 4
add_interface_port m00_axi m00_axi_awprot awprot Output 3
add_interface_port m00_axi m00_axi_arready arready Input 1
add_interface_port m00_axi m00_axi_rvalid rvalid Input 1
add_interface_port m00_axi m00_axi_rdata rdata Input 512
add_interface_port m00_axi m00_axi_rresp rresp Input 2
add_interface_port m00_axi m00_axi_rlast rlast Input 1
add_interface_port m00_axi m00_axi_rid rid Input 8
add_interface_port m00_axi m00_axi_awready awready Input 1
add_interface_port m00_axi m00_axi_wready wready Input 1
add_interface_port m00_axi m00_axi_bvalid bvalid Input 1
add_interface_port m00_axi m00_axi_bresp bresp Input 2
add_interface_port m00_axi m00_axi_bid bid Input 8

add_interface m01_axi axi4 start
set_interface_property m01_axi associatedClock clk
set_interface_property m01_axi associatedReset rst_n
add_interface_port m01_axi m01_axi_arvalid arvalid Output 1
add_interface_port m01_axi m01_axi_araddr araddr Output 64
add_interface_port m01_axi m01_axi_arlen arlen Output 8
add_interface_port m01_axi m01_axi_arsize arsize Output 3
add_interface_port m01_axi m01_axi_arburst arburst Output 2
add_interface_port m01_axi m01_axi_arid arid Output 8
add_interface_port m01_axi m01_axi_rready rready Output 1
add_interface_port m01_axi m01_axi_awvalid awvalid Output 1
add_interface_port m01_axi m01_axi_awaddr awaddr Output 64
add_interface_port m01_axi m01_axi_awlen awlen Output 8
add_interface_port m01_axi m01_axi_awsize awsize Output 3
add_interface_port m01_axi m01_axi_awburst awburst Output 2
add_interface_port m01_axi m01_axi_awid awid Output 8
add_interface_port m01_axi m01_axi_wvalid wvalid Output 1
add_interface_port m01_axi m01_axi_wdata wdata Output 512
add_interface_port m01_axi m01_axi_wstrb wstrb Output 64
add_interface_port m01_axi m01_axi_wlast wlast Output 1
add_interface_port m01_axi m01_axi_bready bready Output 1
add_interface_port m01_axi m01_axi_arcache arcache Output 4
add_interface_port m01_axi m01_axi_arprot arprot Output 3
add_interface_port m01_axi m01_axi_awcache awcache Output 4
add_interface_port m01_axi m01_axi_awprot awprot Output 3
add_interface_port m01_axi m01_axi_arready arready Input 1
add_interface_port m01_axi m01_axi_rvalid rvalid Input 1
add_interface_port m01_axi m01_axi_rdata rdata Input 512
add_interface_port m01_axi m01_axi_rresp rresp Input 2
add_interface_port m01_axi m01_axi_rlast rlast Input 1
add_interface_port m01_axi m01_axi_rid rid Input 8
add_interface_port m01_axi m01_axi_awready awready Input 1
add_interface_port m01_axi m01_axi_wready wready Input 1
add_interface_port m01_axi m01_axi_bvalid bvalid Input 1
add_interface_port m01_axi m01_axi_bresp bresp Input 2
add_interface_port m01_axi m01_axi_bid bid Input 8
