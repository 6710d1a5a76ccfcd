# Rendered by flow: the board and where the engine's parts go on it. Not run in Vivado here.
set board_name zcu102
set board_platform zynqmp
set board_device xczu9eg-ffvb1156-2-e
set board_part {xilinx.com:zcu102:part0:3.4}
set board_family {}
set board_pcie {}
# one element per channel of the engine: name of the memory's interface, of its clock, first byte on the bus, bytes
set board_memories [list \
  [list S_AXI_HP0 {} 0x0 0x40000000] \
  [list S_AXI_HP1 {} 0x0 0x40000000] \
]
# all of the device's memory
set board_memory_bytes 0x100000000
# one element per core: channel, place on the channel, die region
set board_cores [list \
  [list 0 0 0] \
  [list 1 0 0] \
  [list 0 1 0] \
]
set board_flash {}
