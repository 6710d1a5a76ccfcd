"""From the integer graph and the engine's parameters to a program: tiles, buffers, addresses."""
