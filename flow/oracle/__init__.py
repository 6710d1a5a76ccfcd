"""The oracle: what the TensorFlow Lite interpreter's reference kernels compute, byte for byte."""

from flow.oracle.run import run

__all__ = ["run"]
