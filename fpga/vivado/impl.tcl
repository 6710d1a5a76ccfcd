# Place and route, reports, and the timing gate. Not run in Vivado here.

source [file join [file dirname [file normalize [info script]]] common.tcl]

open_project $project_file
require_complete synth_1
reset_run impl_1
set_property STEPS.PHYS_OPT_DESIGN.IS_ENABLED true [get_runs impl_1]
set_property STEPS.POST_ROUTE_PHYS_OPT_DESIGN.IS_ENABLED true [get_runs impl_1]
launch_runs impl_1 -jobs 4
wait_on_run impl_1
require_complete impl_1
open_run impl_1
report_timing_summary -file [file join $report_folder timing.rpt]
report_utilization -hierarchical -file [file join $report_folder utilization.rpt]
report_drc -file [file join $report_folder drc.rpt]
report_power -file [file join $report_folder power.rpt]
require_timing impl_1
close_project
