"""The host program takes no file for what it is not: what a .npy says of itself is held against the network."""

from __future__ import annotations

import dataclasses
import subprocess
from pathlib import Path

import numpy as np
import pytest

from flow.emit import model
from flow.hardware.config import HwConfig
from flow.schedule.program import Program
from flow.simulate import host
from tests.simulate.stub import library, program_of, random_images

HW = HwConfig(pix=2, rows=16, cols=8, axi_bytes=16)
COUNT = 3


@pytest.fixture
def good(tmp_path: Path) -> list[np.ndarray]:
    """The right images of both inputs; in the folder: input<i>.npy with them, and the weights."""
    program = program_of(HW)
    images = random_images(program, COUNT, 5)
    host.stage(tmp_path, program, images)
    stacks = [np.stack([image[view.name] for image in images]).reshape(COUNT, view.height, view.width, view.channels)
              for view in model.inputs(program)]
    for index, stack in enumerate(stacks):
        np.save(tmp_path / f"input{index}.npy", stack)
    return stacks


def flow_host(folder: Path, *options: str, program: Program | None = None) -> subprocess.CompletedProcess[str]:
    program = program or program_of(HW)
    binary = host.compile_host(program, library(HW))
    return subprocess.run([str(binary), "--weights", "weights.bin", "--input", "input0.npy", "--input", "input1.npy",
                           *options], cwd=folder, capture_output=True, text=True, check=False)


def test_npy_files_tell_how_many(tmp_path: Path, good: list[np.ndarray]) -> None:
    done = flow_host(tmp_path, "--output", "a.bin", "--output", "b.bin")
    assert done.returncode == 0, done.stderr
    for name, images in zip(("a.bin", "b.bin"), good, strict=True):
        assert (tmp_path / name).read_bytes() == (images + np.int8(1)).tobytes()


@pytest.mark.parametrize(("change", "found"), [
    (lambda images: images.astype(np.float32), "--float 1"),
    (lambda images: images.view(np.uint8), "'|u1'"),
    (lambda images: images.astype(np.int16), "'<i2'"),
    (np.asfortranarray, "order"),
    (lambda images: np.ascontiguousarray(images.transpose(0, 3, 1, 2)), "shape"),
    (lambda images: images[0], "shape"),
    (lambda images: images.reshape(-1), "shape"),
    (lambda images: images[:, :-1], "shape"),
])
@pytest.mark.parametrize("told", [(), ("--images", str(COUNT))], ids=["", "images"])
def test_another_npy_is_refused(tmp_path: Path, good: list[np.ndarray], change: object, found: str,
                                told: tuple[str, ...]) -> None:
    assert callable(change)
    np.save(tmp_path / "input0.npy", change(good[0]))
    done = flow_host(tmp_path, *told)
    assert done.returncode == 3 and "input0.npy" in done.stderr and found in done.stderr, done.stderr


@pytest.mark.usefixtures("good")
def test_a_full_disk_is_told(tmp_path: Path) -> None:
    done = flow_host(tmp_path, "--output", "a.bin", "--output", "/dev/full")
    assert done.returncode == 3 and "cannot write /dev/full" in done.stderr
    (tmp_path / "0-0.bin").symlink_to("/dev/full")
    done = flow_host(tmp_path, "--dump", ".")
    assert done.returncode == 5 and "cannot write ./0-0.bin" in done.stderr


def test_axes_of_one_may_be_left_out(tmp_path: Path, good: list[np.ndarray]) -> None:
    """A vector of classes is (N, classes) to some and (N, 1, 1, classes) to others; the bytes are the same."""
    expected = [images + np.int8(1) for images in good]
    for index, images in enumerate(expected):
        shape = [size for size in images.shape[1:] if size > 1]
        np.save(tmp_path / f"expect{index}.npy", images.reshape(COUNT, *shape))
    assert flow_host(tmp_path, "--expect", "expect0.npy", "--expect", "expect1.npy").returncode == 0


def test_fewer_images_than_told(tmp_path: Path, good: list[np.ndarray]) -> None:
    done = flow_host(tmp_path, "--images", str(COUNT + 1))
    assert done.returncode == 3 and "must have" in done.stderr


def test_raw_files_need_their_number(tmp_path: Path, good: list[np.ndarray]) -> None:
    (tmp_path / "input0.npy").write_bytes(good[0].tobytes())
    done = flow_host(tmp_path)
    assert done.returncode == 3 and "give --images" in done.stderr


def wide_program() -> Program:
    """The stub's first output as two digits of one, the second between them."""
    program = program_of(HW)
    first, second = program.outputs
    digits = [dataclasses.replace(first, result=f"sum/byte{n}", result_scale=scale, result_zero_point=n, digit_of="sum")
              for n, scale in enumerate((2.0 ** -5, 2.0 ** 3))]
    return dataclasses.replace(program, outputs=(digits[0], second, digits[1]))


def test_real_values_of_a_wide_output_are_the_sum_of_its_digits(tmp_path: Path, good: list[np.ndarray]) -> None:
    real = [np.float32(0.5) * (images.astype(np.float32) - index) for index, images in enumerate(good)]
    for index, values in enumerate(real):
        np.save(tmp_path / f"input{index}.npy", values)
    done = flow_host(tmp_path, "--float", "1", "--output", "sum.bin", "--output", "b.bin", program=wide_program())
    assert done.returncode == 0, done.stderr
    there = (good[0] + np.int8(1)).astype(np.float64), (good[1] + np.int8(1)).astype(np.float64)
    wanted = 2.0 ** -5 * there[0] + 2.0 ** 3 * (there[0] - 1)
    assert (tmp_path / "sum.bin").read_bytes() == wanted.astype(np.float32).tobytes()
    assert (tmp_path / "b.bin").read_bytes() == (0.5 * (there[1] - 1)).astype(np.float32).tobytes()


def test_digits_of_a_wide_output_have_a_file_each(tmp_path: Path, good: list[np.ndarray]) -> None:
    names = ("low.bin", "b.bin", "high.bin")
    options = [word for name in names for word in ("--output", name)]
    assert flow_host(tmp_path, *options, program=wide_program()).returncode == 0
    for name, images in zip(names, (good[0], good[1], good[0]), strict=True):
        assert (tmp_path / name).read_bytes() == (images + np.int8(1)).tobytes()
    refused = flow_host(tmp_path, "--float", "1", *options, program=wide_program())
    assert refused.returncode == 2 and "wider than 8 bits" in refused.stderr


def test_help(tmp_path: Path) -> None:
    binary = host.compile_host(program_of(HW), library(HW))
    done = subprocess.run([str(binary), "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "no value" not in done.stderr and "--weights" in done.stderr
