# Rendered by flow: the board and where the engine's parts go on it. Not run in Quartus here.
set board_name a10-pac
set board_platform quartus_pcie
set board_device 10AX115N2F40E2LG
set board_part {}
set board_family {Arria 10}
set board_pcie {Gen3x8, Interface - 256 bit, 250 MHz}
# one element per channel of the engine: name of the memory's interface, of its clock, first byte on the bus, bytes
set board_memories [list \
  [list ddr4_0 ddr4_0_refclk 0x0 0x100000000] \
]
# all of the device's memory
set board_memory_bytes 0x200000000
# one element per core: channel, place on the channel, die region
set board_cores [list \
  [list 0 0 0] \
]
set board_flash {}
