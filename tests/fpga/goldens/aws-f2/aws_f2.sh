#!/bin/sh
# Rendered by flow: the custom logic through AWS's development kit (aws-fpga, branch f2). Not run in Vivado or on AWS here.
# The design checkpoint and its manifest are left in run/checkpoints: upload them, then create-fpga-image.
set -eu
if [ -z "${HDK_SHELL_DIR:-}" ] || [ -z "${AWS_FPGA_REPO_DIR:-}" ]; then
  echo "FLOW: HDK_SHELL_DIR and AWS_FPGA_REPO_DIR are not set: source hdk_setup.sh of aws-fpga (branch f2) first" >&2
  exit 1
fi
fpga=$(cd "$(dirname "$0")" && pwd)
CL_DIR="$fpga/run/cl_flow"
export CL_DIR
rm -rf "$CL_DIR" "$fpga/run/checkpoints"
cp -r "$fpga/cl_flow" "$CL_DIR"
cp "$fpga/../rtl/"*.sv "$CL_DIR/design/"
cp "$fpga/config.tcl" "$CL_DIR/build/scripts/flow_config.tcl"
cp "$fpga/aws_f2/cl_flow_host.sv" "$CL_DIR/design/"
cp "$AWS_FPGA_REPO_DIR/hdk/cl/examples/cl_dram_hbm_dma/design/cl_hbm_wrapper.sv" "$CL_DIR/design/"
for name in aws_build_dcp_from_cl.py build_all.tcl build_level_1_cl.tcl encrypt.tcl; do
  ln -sf "$HDK_SHELL_DIR/build/scripts/$name" "$CL_DIR/build/scripts/$name"
done
cd "$CL_DIR/build/scripts"
./aws_build_dcp_from_cl.py --cl cl_flow --mode small_shell
cp -r "$CL_DIR/build/checkpoints" "$fpga/run/checkpoints"
