# Rendered by flow: synthesis of the custom logic within AWS's development kit. Not run in Vivado here.
source ${HDK_SHELL_DIR}/build/scripts/synth_cl_header.tcl

read_verilog -sv [glob ${src_post_enc_dir}/*.?v]
read_ip ${HDK_IP_SRC_DIR}/cl_hbm_mmcm/cl_hbm_mmcm.xci
read_ip ${HDK_IP_SRC_DIR}/cl_hbm/cl_hbm.xci
read_xdc [list ${constraints_dir}/cl_synth_user.xdc ${constraints_dir}/cl_timing_user.xdc]
set_property PROCESSING_ORDER LATE [get_files cl_synth_user.xdc]
set_property PROCESSING_ORDER LATE [get_files cl_timing_user.xdc]
update_compile_order -fileset sources_1
synth_design -mode out_of_context -top ${CL} -verilog_define XSDB_SLV_DIS -part ${DEVICE_TYPE} -keep_equivalent_registers

source ${HDK_SHELL_DIR}/build/scripts/synth_cl_footer.tcl
