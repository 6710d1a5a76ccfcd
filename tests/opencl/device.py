"""The launcher that tests share, and the mark of those that need an OpenCL device."""

from __future__ import annotations

import functools

import pytest

from flow.opencl.device import missing
from flow.opencl.launcher import OpenClLauncher
from tests.engines import CONFORMANCE

_why = missing()
needs_opencl = pytest.mark.skipif(_why is not None, reason=f"no OpenCL device: {_why}")


@functools.cache
def launcher(name: str, in_memory: bool | None = None, latency: int | None = None) -> OpenClLauncher:
    return OpenClLauncher(CONFORMANCE[name].check(), in_memory, latency=latency)
