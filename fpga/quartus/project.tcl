# Make the project and its settings (quartus_sh). Not run in Quartus here.
#
# Pin locations belong to the card's vendor: they are read from pins.qsf beside this folder if it is there.

package require ::quartus::project
source [file join [file dirname [file normalize [info script]]] common.tcl]

project_new flow -overwrite
set_global_assignment -name FAMILY $board_family
set_global_assignment -name DEVICE $board_device
set_global_assignment -name TOP_LEVEL_ENTITY flow_system
set_global_assignment -name PROJECT_OUTPUT_DIRECTORY reports
set_global_assignment -name NUM_PARALLEL_PROCESSORS ALL
set_global_assignment -name OPTIMIZATION_MODE "HIGH PERFORMANCE EFFORT"
set_global_assignment -name ENABLE_SIGNALTAP OFF
foreach name $flow_rtl_files {
  set_global_assignment -name SYSTEMVERILOG_FILE [file join .. .. $name]
}
set_global_assignment -name VERILOG_FILE [file join .. flow_wrapper.v]
set_global_assignment -name SDC_FILE [file join .. flow.sdc]
set_global_assignment -name QSYS_FILE flow_system.qsys
if {[file exists [file join $fpga_folder pins.qsf]]} {
  source [file join $fpga_folder pins.qsf]
} else {
  post_message -type warning "FLOW: no pins.qsf: the fitter will place the pins where it likes"
}
export_assignments
project_close
