# Rendered by flow: synthesis of the custom logic within AWS's development kit. Not run in Vivado here.
source ${HDK_SHELL_DIR}/build/scripts/synth_cl_header.tcl

# the engine's files in their order, packages before what uses them
source [file join [file dirname [info script]] flow_config.tcl]
set sources {}
foreach name [concat $flow_rtl_files [list cl_flow_host.sv cl_hbm_wrapper.sv cl_flow_memory.sv cl_flow.sv]] {
  lappend sources ${src_post_enc_dir}/[file tail $name]
}
read_verilog -sv $sources
read_ip ${HDK_IP_SRC_DIR}/cl_hbm_mmcm/cl_hbm_mmcm.xci
read_ip ${HDK_IP_SRC_DIR}/cl_hbm/cl_hbm.xci
add_files ${HDK_BD_SRC_DIR}/cl_axi_sc_1x1/cl_axi_sc_1x1.bd
read_verilog ${HDK_BD_GEN_DIR}/cl_axi_sc_1x1/hdl/cl_axi_sc_1x1_wrapper.v
read_xdc [list ${constraints_dir}/cl_synth_user.xdc ${constraints_dir}/cl_timing_user.xdc]
set_property PROCESSING_ORDER LATE [get_files cl_synth_user.xdc]
set_property PROCESSING_ORDER LATE [get_files cl_timing_user.xdc]
update_compile_order -fileset sources_1
synth_design -mode out_of_context -top ${CL} -verilog_define XSDB_SLV_DIS -part ${DEVICE_TYPE} -keep_equivalent_registers

source ${HDK_SHELL_DIR}/build/scripts/synth_cl_footer.tcl
