# Rendered by flow: the board and where the engine's parts go on it. Not run in Vivado here.
set board_name pynq-z2
set board_platform zynq7
set board_device xc7z020clg400-1
set board_part {tul.com.tw:pynq-z2:part0:1.0}
set board_family {}
set board_pcie {}
# one element per channel of the engine: name of the memory's interface, of its clock, first byte on the bus, bytes
set board_memories [list \
  [list S_AXI_HP0 {} 0x0 0x20000000] \
]
# all of the device's memory
set board_memory_bytes 0x20000000
# one element per core: channel, place on the channel, die region
set board_cores [list \
  [list 0 0 0] \
]
set board_flash {}
