"""Names a user chooses from."""

ENGINES = ("rtl", "opencl", "reference", "none")
ENTRIES = ("rtl", "opencl")
GOALS = ("throughput", "latency", "area")
