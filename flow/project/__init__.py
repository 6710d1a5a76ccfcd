"""From an engine and a board to the vendor's project, and through the vendor's tools to the bitstream."""

from flow.project.board import has_project
from flow.project.implementation import Implementation, implementation_of
from flow.project.opencl import alternative, target_of, write_opencl_project
from flow.project.render import write_project
from flow.project.run import build_bitstream

__all__ = ["Implementation", "alternative", "build_bitstream", "has_project", "implementation_of", "target_of",
           "write_opencl_project", "write_project"]
