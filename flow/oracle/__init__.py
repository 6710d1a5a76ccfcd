"""The oracle: TensorFlow Lite's reference kernels, byte for byte, or QKeras's own predict, value for value."""

from flow.oracle.ask import expected
from flow.oracle.run import run

__all__ = ["expected", "run"]
