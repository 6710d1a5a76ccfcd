# Facts, and what the chip's own library is: from the environment. Not run in Genus or Innovus here.

set asic_folder [file dirname [file normalize [info script]]]
set build_folder [file dirname [file dirname $asic_folder]]
set run_folder [file join $build_folder fpga run]
set report_folder [file join $run_folder reports]
source [file join $asic_folder facts.tcl]
file mkdir $report_folder

# The value of an environment variable, a list of files or a name; the run ends without it.
proc needed {name what} {
  global env
  if {![info exists env($name)] || $env($name) eq ""} {
    error "FLOW: set $name: $what"
  }
  return $env($name)
}

# timing of the cells and of every macro of facts.tcl (.lib), shapes of both with the technology first (.lef)
set library_files [needed FLOW_LIB {Liberty files of the cells and of the memory macros}]
set shape_files [needed FLOW_LEF {LEF files: technology, cells, memory macros}]

# End the run if a timing slack, in ns, is negative.
proc require_slack {what slack} {
  if {![string is double -strict $slack]} {
    error "FLOW: there is no $what slack"
  }
  if {$slack < 0} {
    error "FLOW: timing is not met: worst $what slack is $slack ns"
  }
  puts "FLOW: worst $what slack $slack ns"
}
