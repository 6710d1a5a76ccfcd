"""flow: from a trained neural network to an FPGA, in one command, with proof."""

__version__ = "0.1.0"
