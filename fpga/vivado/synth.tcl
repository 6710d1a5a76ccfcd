# Synthesis and its resource report. Not run in Vivado here.

source [file join [file dirname [file normalize [info script]]] common.tcl]

open_project $project_file
reset_run synth_1
launch_runs synth_1 -jobs 4
wait_on_run synth_1
require_complete synth_1
open_run synth_1
report_utilization -hierarchical -file [file join $report_folder synth_utilization.rpt]
close_project
