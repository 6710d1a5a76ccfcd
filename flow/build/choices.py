"""Names a user chooses from."""

ENGINES = ("rtl", "opencl", "reference", "none")
GOALS = ("throughput", "latency", "area")
