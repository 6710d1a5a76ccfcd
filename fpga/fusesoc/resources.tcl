# Cells of the engine by block, for UltraScale+ (xcup): nothing is flattened.
source read.tcl
yosys read_slang --threads 1 --allow-use-before-declare --keep-hierarchy --top flow_top {*}$files
yosys synth_xilinx -family xcup -noiopad -top flow_top
yosys tee -o resources.txt stat -top flow_top
yosys write_json $name.json
