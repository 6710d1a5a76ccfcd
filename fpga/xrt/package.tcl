# The RTL engine as an XRT kernel: run/flow.xo. Not run in Vivado here.
set fpga_folder [file dirname [file dirname [file normalize [info script]]]]
source [file join $fpga_folder config.tcl]
source [file join $fpga_folder xrt facts.tcl]
set run_folder [file join $fpga_folder run]
set work_folder [file join $run_folder xrt]
set ip_folder [file join $work_folder ip]

create_project -force flow_xrt [file join $work_folder project] -part $xrt_part
set files [list [file join $fpga_folder flow_wrapper.v] [file join $fpga_folder xrt flow_xrt.v]]
foreach name $flow_rtl_files {
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
for {set channel 0} {$channel < $xrt_channels} {incr channel} {
  ipx::associate_bus_interfaces -busif [format m%02d_axi $channel] -clock ap_clk $core
}

# One pointer register per channel, so that XRT knows which memory a channel is connected to.
set block [ipx::get_address_blocks reg0 -of_objects [ipx::get_memory_maps s_axil -of_objects $core]]
set_property range $xrt_register_bytes $block
set channel 0
foreach offset $xrt_pointers {
  set register [ipx::add_register [format m%02d_memory $channel] $block]
  set_property address_offset $offset $register
  set_property size 64 $register
  set parameter [ipx::add_register_parameter ASSOCIATED_BUSIF $register]
  set_property value [format m%02d_axi $channel] $parameter
  incr channel
}

ipx::update_checksums $core
ipx::check_integrity -kernel -xrt $core
ipx::save_core $core
package_xo -force -xo_path [file join $run_folder flow.xo] -kernel_name flow_xrt -ctrl_protocol user_managed \
    -ip_directory $ip_folder
