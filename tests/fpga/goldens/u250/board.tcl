# Rendered by flow: the board and where the engine's parts go on it. Not run in Vivado here.
set board_name u250
set board_platform pcie
set board_device xcu250-figd2104-2L-e
set board_part {xilinx.com:au250:part0:1.3}
set board_family {}
set board_pcie {pci_express_x16}
# one element per channel of the engine: name of the memory's interface, of its clock, first byte on the bus, bytes
set board_memories [list \
  [list ddr4_sdram_c0 default_300mhz_clk0 0x0 0x400000000] \
  [list ddr4_sdram_c1 default_300mhz_clk1 0x400000000 0x400000000] \
  [list ddr4_sdram_c2 default_300mhz_clk2 0x800000000 0x400000000] \
  [list ddr4_sdram_c3 default_300mhz_clk3 0xc00000000 0x400000000] \
]
# all of the device's memory
set board_memory_bytes 0x1000000000
# one element per core: channel, place on the channel, die region
set board_cores [list \
  [list 0 0 0] \
  [list 1 0 1] \
  [list 2 0 2] \
  [list 3 0 3] \
]
set board_flash [list SPIx4 128 0x01002000]
