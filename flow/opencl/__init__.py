"""The OpenCL engine: kernel sources for one engine, and what runs them through the installed OpenCL platform."""
