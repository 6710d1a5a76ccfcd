# Facts and small procedures that the other scripts share. Not run in Vivado here.

set fpga_folder [file dirname [file dirname [file normalize [info script]]]]
source [file join $fpga_folder config.tcl]
source [file join $fpga_folder board.tcl]

# everything the tool writes
set run_folder [file join $fpga_folder run]
set work_folder [file join $run_folder work]
set report_folder [file join $run_folder reports]
set project_file [file join $work_folder flow.xpr]

# End the run unless the named run finished.
proc require_complete {run} {
  set progress [get_property PROGRESS [get_runs $run]]
  if {$progress ne "100%"} {
    error "FLOW: $run stopped at $progress: [get_property STATUS [get_runs $run]]"
  }
}

# End the run if a setup or hold path of the routed design is too slow.
proc require_timing {run} {
  foreach {what name} {STATS.WNS "setup slack" STATS.WHS "hold slack"} {
    set slack [get_property $what [get_runs $run]]
    if {![string is double -strict $slack]} {
      error "FLOW: $run has no $name"
    }
    if {$slack < 0} {
      error "FLOW: timing is not met: worst $name is $slack ns"
    }
    puts "FLOW: worst $name $slack ns"
  }
}
