"""Names a user chooses from."""

ENGINES = ("rtl", "opencl", "reference", "none")
#: Of a built folder whose board is simulated as a whole: by its pins, behind them the RTL or the synthesised netlist.
BOARD_ENGINES = ("pins", "netlist")
ENTRIES = ("rtl", "opencl", "xrt")
GOALS = ("throughput", "latency", "area")
