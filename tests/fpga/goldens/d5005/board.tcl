# Rendered by flow: the board and where the engine's parts go on it. Not run in Quartus here.
set board_name d5005
set board_platform quartus_pcie
set board_device 1SX280HN2F43E2VG
set board_part {}
set board_family {Stratix 10}
set board_pcie {Gen3x8, Interface - 256 bit, 250 MHz}
# one element per channel of the engine: name of the memory's interface, of its clock, first byte on the bus, bytes
set board_memories [list \
  [list ddr4_0 ddr4_0_refclk 0x0 0x200000000] \
  [list ddr4_1 ddr4_1_refclk 0x200000000 0x200000000] \
]
# all of the device's memory
set board_memory_bytes 0x800000000
# one element per core: channel, place on the channel, die region
set board_cores [list \
  [list 0 0 0] \
  [list 1 0 0] \
]
set board_flash {}
