# One corner: the library's. A chip for production needs one view of each of the process's corners. Not run in Innovus here.

create_library_set -name cells -timing $library_files
create_constraint_mode -name function -sdc_files [list [file join $run_folder genus.sdc]]
create_timing_condition -name condition -library_sets [list cells]
create_rc_corner -name wires -qrc_tech [needed FLOW_QRC {the process's file of wire capacitances}]
create_delay_corner -name corner -timing_condition condition -rc_corner wires
create_analysis_view -name view -constraint_mode function -delay_corner corner
set_analysis_view -setup [list view] -hold [list view]
