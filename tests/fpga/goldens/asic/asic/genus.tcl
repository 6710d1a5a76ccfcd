# Synthesis: RTL -> netlist of cells and macros. Not run in Genus here.

source [file join [file dirname [file normalize [info script]]] common.tcl]

read_libs $library_files
foreach macro $flow_macros {
  lassign $macro name width depth count um2
  if {[llength [get_db base_cells $name]] != 1} {
    error "FLOW: no macro $name: compile a memory of $depth words of $width bits with one read and one write port"
  }
}
read_physical -lef $shape_files

set sources {}
foreach name $flow_sources {
  lappend sources [file join $build_folder $name]
}
read_hdl -language sv -define SYNTHESIS $sources
elaborate $flow_top
check_design -unresolved
read_sdc [file join $asic_folder flow.sdc]

set_db syn_global_effort high
syn_generic
syn_map
syn_opt

report_area > [file join $report_folder genus_area.rpt]
report_timing > [file join $report_folder genus_timing.rpt]
report_power > [file join $report_folder genus_power.rpt]
write_hdl > [file join $run_folder genus.v]
write_sdc > [file join $run_folder genus.sdc]
# Genus counts slack in ps
require_slack setup [expr {[get_db [current_design] .slack] / 1000.0}]
