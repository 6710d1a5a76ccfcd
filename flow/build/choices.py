"""Names a user chooses from."""

ENGINES = ("rtl", "reference", "none")
GOALS = ("throughput", "latency", "area")
