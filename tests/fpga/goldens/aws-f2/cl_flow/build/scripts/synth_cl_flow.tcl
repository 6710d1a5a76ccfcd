# Rendered by flow: synthesis of the custom logic within AWS's development kit. Not run in Vivado here.
source ${HDK_SHELL_DIR}/build/scripts/synth_cl_header.tcl

# packages before what uses them
set sources {}
foreach name [list engine_pkg.sv isa_pkg.sv core_pkg.sv alu_pkg.sv fifo.sv ram_1r1w.sv table_ram.sv legality.sv fetch.sv token_channels.sv run_generator.sv burst_splitter.sv axi_read.sv gearbox_in.sv load_request.sv load_receive.sv load.sv input_buffer.sv weight_loader.sv gemm.sv array_column.sv accumulator.sv alu_lanes.sv alu.sv axi_write.sv gearbox_out.sv store.sv supervisor.sv core_registers.sv axil_slave.sv axi_read_mux.sv axi_write_mux.sv flow_core.sv flow_top.sv cl_flow_host.sv cl_hbm_wrapper.sv cl_flow_memory.sv cl_flow.sv] {
  lappend sources ${src_post_enc_dir}/$name
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
