# Yosys as Edalize runs it, with the slang front end, which wants all files at once: the list is Edalize's own.
yosys -import
set files {}
proc read_verilog {args} { lappend ::files [lindex $args end] }
source edalize_yosys_procs.tcl
read_files
rename read_verilog {}
