# Rendered by flow. Not run in Vivado here.
# each core stays in one die region
create_pblock core_0
resize_pblock [get_pblocks core_0] -add {SLR0}
add_cells_to_pblock [get_pblocks core_0] [get_cells -hierarchical -filter {NAME =~ *gen_channel?0?.gen_core?0?.i_core}]
create_pblock core_1
resize_pblock [get_pblocks core_1] -add {SLR1}
add_cells_to_pblock [get_pblocks core_1] [get_cells -hierarchical -filter {NAME =~ *gen_channel?1?.gen_core?0?.i_core}]
create_pblock core_2
resize_pblock [get_pblocks core_2] -add {SLR2}
add_cells_to_pblock [get_pblocks core_2] [get_cells -hierarchical -filter {NAME =~ *gen_channel?2?.gen_core?0?.i_core}]
create_pblock core_3
resize_pblock [get_pblocks core_3] -add {SLR3}
add_cells_to_pblock [get_pblocks core_3] [get_cells -hierarchical -filter {NAME =~ *gen_channel?3?.gen_core?0?.i_core}]
# interrupt levels enter their synchroniser at any time
set_false_path -to [get_pins -hierarchical -filter {NAME =~ *irq_meta_reg*/D}]
set_property CONFIG_VOLTAGE 1.8 [current_design]
set_property BITSTREAM.CONFIG.CONFIGFALLBACK Enable [current_design]
set_property BITSTREAM.CONFIG.CONFIGRATE 63.8 [current_design]
set_property BITSTREAM.CONFIG.SPI_32BIT_ADDR Yes [current_design]
set_property BITSTREAM.CONFIG.SPI_BUSWIDTH 4 [current_design]
set_property BITSTREAM.CONFIG.UNUSEDPIN Pullup [current_design]
set_property BITSTREAM.GENERAL.COMPRESS TRUE [current_design]
