"""Random legal and illegal programs that hold every engine to the manual."""
