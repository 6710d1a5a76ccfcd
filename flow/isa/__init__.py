"""The instruction set: one description, its encoder and decoder, its rendered files, its checks."""
