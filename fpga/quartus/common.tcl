# Facts that the other scripts share. Not run in Quartus here.

set fpga_folder [file dirname [file dirname [file normalize [info script]]]]
source [file join $fpga_folder config.tcl]
source [file join $fpga_folder board.tcl]
