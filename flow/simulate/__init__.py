"""The RTL engine in Verilator: build, drive, run the host program."""
