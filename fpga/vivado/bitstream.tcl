# Bitstream, and what the board boots from: flash image or hardware platform. Not run in Vivado here.

source [file join [file dirname [file normalize [info script]]] common.tcl]

open_project $project_file
require_complete impl_1
require_timing impl_1
launch_runs impl_1 -to_step write_bitstream -jobs 4
wait_on_run impl_1
require_complete impl_1
set bitstream [file join $run_folder flow.bit]
file copy -force [file join [get_property DIRECTORY [get_runs impl_1]] flow_bd_wrapper.bit] $bitstream
if {[llength $board_flash]} {
  lassign $board_flash interface megabytes start
  write_cfgmem -force -format mcs -size $megabytes -interface $interface \
    -loadbit "up $start $bitstream" -file [file join $run_folder flow.mcs]
} else {
  open_run impl_1
  write_hw_platform -fixed -include_bit -force -file [file join $run_folder flow.xsa]
}
close_project
