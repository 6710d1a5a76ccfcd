# Floor plan, placement, clock tree, routing: netlist -> layout. Not run in Innovus here.

source [file join [file dirname [file normalize [info script]]] common.tcl]

set site [needed FLOW_SITE {name of the cells' site}]
set_db init_power_nets [needed FLOW_POWER {name of the power net}]
set_db init_ground_nets [needed FLOW_GROUND {name of the ground net}]

read_mmmc [file join $asic_folder mmmc.tcl]
read_physical -lef $shape_files
read_netlist [file join $run_folder genus.v] -top $flow_top
init_design

create_floorplan -site $site -core_density_size [list 1.0 $flow_density 10 10 10 10]
place_design -concurrent_macros
place_opt_design
ccopt_design
route_design
opt_design -post_route -setup -hold

time_design -post_route -report_dir $report_folder
report_area > [file join $report_folder innovus_area.rpt]
check_drc -out_file [file join $report_folder innovus_drc.rpt]
write_netlist [file join $run_folder innovus.v]
write_def -routing [file join $run_folder innovus.def]
write_stream [file join $run_folder flow.gds]
require_slack setup [get_db [get_timing_paths -late -max_paths 1] .slack]
require_slack hold [get_db [get_timing_paths -early -max_paths 1] .slack]
