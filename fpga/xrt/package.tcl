# One core of the RTL engine as an XRT kernel: run/flow.xo. Not run in Vivado here.
set fpga_folder [file dirname [file dirname [file normalize [info script]]]]
source [file join $fpga_folder config.tcl]
source [file join $fpga_folder xrt facts.tcl]
set run_folder [file join $fpga_folder run]
set work_folder [file join $run_folder xrt]
set ip_folder [file join $work_folder ip]

create_project -force flow_xrt [file join $work_folder project] -part $xrt_part
set files [list [file join $fpga_folder flow_wrapper.v] [file join $fpga_folder xrt flow_xrt.v]]
# the engine's own package counts all cores; the simulation's is that of one
foreach name [string map {rtl/engine_pkg.sv firmware/sim/engine_pkg.sv} $flow_rtl_files] {
  lappend files [file join [file dirname $fpga_folder] $name]
}
add_files -norecurse $files
set_property top flow_xrt [current_fileset]
update_compile_order -fileset sources_1

ipx::package_project -root_dir $ip_folder -vendor flow -library kernel -taxonomy /KernelIP -import_files -set_current true
set core [ipx::current_core]
set_property sdx_kernel true $core
set_property sdx_kernel_type rtl $core
set_property ipi_drc {ignore_freq_hz true} $core
ipx::associate_bus_interfaces -busif s_axil -clock ap_clk $core
ipx::associate_bus_interfaces -busif m00_axi -clock ap_clk $core

# A pointer register, so that XRT knows which memory the core is connected to.
set block [ipx::get_address_blocks reg0 -of_objects [ipx::get_memory_maps s_axil -of_objects $core]]
set_property range $xrt_register_bytes $block
set register [ipx::add_register memory $block]
set_property address_offset $xrt_pointer $register
set_property size 64 $register
set parameter [ipx::add_register_parameter ASSOCIATED_BUSIF $register]
set_property value m00_axi $parameter

ipx::update_checksums $core
ipx::check_integrity -kernel -xrt $core
ipx::save_core $core
# kernel.xml is made by package_xo from the IP's registers and interfaces
package_xo -force -xo_path [file join $run_folder flow.xo] -kernel_name flow_xrt -ctrl_protocol user_managed \
    -ip_directory $ip_folder
