"""Names a user chooses from."""

ENGINES = ("rtl", "opencl", "reference", "none")
ENTRIES = ("rtl", "opencl", "xrt")
GOALS = ("throughput", "latency", "area")
