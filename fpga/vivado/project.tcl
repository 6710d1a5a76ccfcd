# Make the project: sources, block design, constraints. Not run in Vivado here.

source [file join [file dirname [file normalize [info script]]] common.tcl]

file mkdir $report_folder
create_project flow $work_folder -part $board_device -force
if {$board_part ne ""} {
  set_property board_part $board_part [current_project]
}
set_property target_language Verilog [current_project]

set sources [list [file join $fpga_folder flow_wrapper.v]]
foreach name $flow_rtl_files {
  lappend sources [file join [file dirname $fpga_folder] $name]
}
add_files -norecurse -fileset sources_1 $sources
add_files -norecurse -fileset constrs_1 [file join $fpga_folder constraints.xdc]
set_property top flow_wrapper [get_filesets sources_1]
update_compile_order -fileset sources_1

source [file join $fpga_folder vivado design.tcl]
source [file join $fpga_folder vivado platform_$board_platform.tcl]

validate_bd_design
save_bd_design
set design [get_files flow_bd.bd]
generate_target all $design
add_files -norecurse -fileset sources_1 [make_wrapper -files $design -top]
set_property top flow_bd_wrapper [get_filesets sources_1]
update_compile_order -fileset sources_1
close_project
