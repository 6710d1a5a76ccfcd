source read.tcl
yosys read_slang --threads 1 --allow-use-before-declare --top ulx3s_top {*}$files
yosys synth_ecp5 -no-rw-check -top ulx3s_top
yosys write_json $name.json
