"""The integer graph: typed, verified, printable; between the frontend and the scheduler."""
