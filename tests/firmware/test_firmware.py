"""The C library: against a mock device under the sanitizers, and its data functions against NumPy."""

from __future__ import annotations

import ctypes
import platform
import random
import re
import shutil
import subprocess
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from flow.emit import container, model
from flow.graph.ir import Int8, Padding, Tensor
from flow.graph.real import quantise
from flow.graph.softmax import softmax_constants, softmax_int8
from flow.hardware.config import HwConfig
from flow.isa.description import Region
from flow.schedule.program import Fold, HostInput, HostOutput, Layout, Program
from flow.tree import ROOT
from flow.verify.layout import pack, unpack, write_inputs
from tests.simulate.stub import program_of

FIRMWARE = ROOT / "firmware"
SOURCES = [str(path) for path in sorted((FIRMWARE / "src").glob("*.c"))]
FLAGS = ["-std=c11", "-g", "-Wall", "-Wextra", "-Wpedantic", "-Werror", f"-I{FIRMWARE}/include",
         f"-I{FIRMWARE}/transport"]
SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]


def _emit(program: Program, folder: Path) -> None:
    (folder / "model.h").write_text(model.model_header(program))
    (folder / "model.c").write_text(model.model_source(program))


def _gcc(folder: Path, *arguments: str) -> None:
    done = subprocess.run(["gcc", *FLAGS, f"-I{folder}", *arguments], cwd=folder, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr


def test_core_against_mock(tmp_path: Path) -> None:
    program = program_of(HwConfig(pix=2, rows=16, cols=8, axi_bytes=16))
    _emit(program, tmp_path)
    (tmp_path / "weights.bin").write_bytes(container.pack(program.constant, program.hw.hash))
    _gcc(tmp_path, *SANITIZE, *SOURCES, "model.c", str(FIRMWARE / "transport" / "flow_mmio.c"),
         str(Path(__file__).with_name("test_core.c")), "-lm", "-o", "test")
    done = subprocess.run(["./test", "weights.bin"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_header_is_cpp_too(tmp_path: Path) -> None:
    (tmp_path / "use.cpp").write_text('#include "flow.h"\nint main() { return flow_crc32(0, "", 0) != 0; }\n')
    done = subprocess.run(["g++", "-fsyntax-only", "-Wall", "-Werror", f"-I{FIRMWARE}/include", "use.cpp"],
                          cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


#: Target of clang, None for this machine's gcc -> the barrier.
BARRIERS = {None: r"mfence|lock or[ql]", "aarch64-none-elf": r"dsb\tsy", "armv7a-none-eabi": r"dsb\tsy",
            "thumbv7m-none-eabi": r"dsb\tsy", "riscv64-unknown-elf": r"fence$|fence\tiorw, ?iorw"}


@pytest.mark.parametrize("target", BARRIERS, ids=str)
def test_registers_keep_their_order_with_memory(target: str | None, tmp_path: Path) -> None:
    """In the compiled code a barrier stands before a register is written and after one is read."""
    compiler = next(filter(shutil.which, ("gcc",) if target is None else ("clang", "clang-15")), None)
    if compiler is None or (target is None and platform.machine() != "x86_64"):
        pytest.skip("no clang" if compiler is None else "not this machine's instructions")
    (tmp_path / "string.h").write_text("#include <stddef.h>\nvoid *memcpy(void *, const void *, size_t);\n")
    cross = () if target is None else (f"--target={target}", "-ffreestanding", "-nostdlibinc", f"-I{tmp_path}")
    done = subprocess.run([compiler, *FLAGS, "-g0", *cross, "-O2", "-S", "-o", "-",
                           str(FIRMWARE / "transport" / "flow_mmio.c")], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for name, barrier_first in (("reg_write", True), ("reg_read", False)):
        body = done.stdout.split(f"\n{name}:", 1)[1].split(".size", 1)[0].splitlines()
        barriers = [n for n, line in enumerate(body) if re.search(BARRIERS[target], line)]
        accesses = [n for n, line in enumerate(body) if n not in barriers and re.search(r"[\[(]", line)]
        assert len(barriers) == 1, body
        assert barriers[0] < accesses[-1] if barrier_first else barriers[0] > accesses[-1], body


def _random_program(rng: random.Random) -> Program:
    cols = rng.choice([1, 3, 4, 8, 16])
    hw = HwConfig(pix=rng.randint(1, 7), rows=cols * rng.randint(1, 3), cols=cols)
    inputs: list[HostInput] = []
    offset = 0
    for number in range(rng.randint(1, 3)):
        height, width, channels = rng.randint(1, 9), rng.randint(1, 9), rng.randint(1, 20)
        for _ in range(rng.randint(1, 2)):
            fold = Fold(rng.randint(1, 3), rng.randint(1, 3), rng.randint(1, 3), rng.randint(1, 3), rng.randint(1, 2),
                        rng.randint(1, 2), Padding(rng.randint(0, 3), 0, rng.randint(0, 3), 0), rng.randint(-128, 127))
            total = fold.fold_h * fold.fold_w * channels
            layout = Layout(Region.INPUT, offset, rng.randint(1, 9), rng.randint(1, 9), total,
                            -(-total // cols) + rng.randint(0, 1), hw.pix, cols)
            offset += layout.size + rng.randint(0, 9)
            inputs.append(HostInput(f"in{number}", height, width, channels, 0.25, -3, fold, layout))
    outputs: list[HostOutput] = []
    end = 0
    for number in range(rng.randint(1, 3)):
        height, width, channels = rng.randint(1, 6), rng.randint(1, 6), rng.randint(1, 30)
        flat = rng.random() < 0.5
        beta = rng.choice([None, 1.0])
        layout = Layout(Region.OUTPUT, end, height, width, channels, -(-channels // cols), hw.pix, cols)
        end += layout.size + rng.randint(0, 9)
        shape = (1, 1, height * width * channels) if flat and beta is None else (height, width, channels)
        outputs.append(HostOutput(f"t{number}", *shape, 0.11, 4, layout, beta, f"out{number}", 1 / 256, -128))
    return Program("random", hw, (), b"constant", 0, 0, offset, end, tuple(inputs), tuple(outputs), (), (), 0)


def _pointer(array: np.ndarray) -> ctypes.c_void_p:
    return array.ctypes.data_as(ctypes.c_void_p)


@pytest.mark.parametrize("_", range(4))
def test_layouts_equal_numpy(tmp_path: Path, _: int) -> None:
    seed = random.randrange(1 << 30)
    print("seed", seed)
    rng, noise = random.Random(seed), np.random.default_rng(seed)
    program = _random_program(rng)
    _emit(program, tmp_path)
    _gcc(tmp_path, "-O1", "-shared", "-fPIC", *SOURCES, "model.c", "-lm", "-o", "libtest.so")
    library = ctypes.CDLL(str(tmp_path / "libtest.so"))
    described = ctypes.byref(ctypes.c_char.in_dll(library, "flow_model_random"))
    pix = program.hw.pix
    shapes = {entry.tensor: (entry.height, entry.width, entry.channels) for entry in program.inputs}
    images: list[dict[str, Int8]] = [{name: noise.integers(-128, 128, shape, np.int8) for name, shape in shapes.items()}
                                     for _ in range(pix)]
    wanted = noise.integers(0, 256, program.input_bytes, np.uint8)
    got = wanted.copy()
    write_inputs(wanted, program.inputs, images)
    for lane, image in enumerate(images):
        for index, view in enumerate(model.inputs(program)):
            assert library.flow_layout_input(described, index, lane, _pointer(image[view.name]), _pointer(got)) == 0
    assert np.array_equal(got, wanted)

    region = noise.integers(0, 256, program.output_bytes, np.uint8)
    for index, output in enumerate(program.outputs):
        layout = output.layout
        maps = [noise.integers(-128, 128, (layout.height, layout.width, layout.channels), np.int8) for _ in range(pix)]
        region[layout.offset : layout.offset + layout.size] = pack(maps, layout, 1)
        assert np.array_equal(unpack(region[layout.offset :], layout), np.stack(maps))
        for lane in range(pix):
            expected = maps[lane].reshape(output.height, output.width, output.channels)
            if output.softmax_beta is not None:
                expected = softmax_int8(expected, output.scale, output.softmax_beta)
            result = np.empty(expected.shape, np.int8)
            assert library.flow_extract_output(described, index, lane, _pointer(region), _pointer(result)) == 0
            assert np.array_equal(result, expected)


class _Softmax(ctypes.Structure):
    _fields_ = [("enabled", ctypes.c_bool), ("multiplier", ctypes.c_int32), ("left_shift", ctypes.c_int32),
                ("diff_min", ctypes.c_int32)]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    folder = tmp_path_factory.mktemp("firmware")
    _gcc(folder, "-O2", *SANITIZE[1:], "-fsanitize=undefined", "-shared", "-fPIC", *SOURCES, "-lm", "-o", "libflow.so")
    return ctypes.CDLL(str(folder / "libflow.so"))


def _softmax(library: ctypes.CDLL, values: Int8, scale: float) -> Int8:
    constants = softmax_constants(scale, 1.0)
    described = _Softmax(True, constants.multiplier, constants.left_shift, constants.minimum)
    result: Int8 = np.empty_like(values)
    assert library.flow_softmax_int8(ctypes.byref(described), _pointer(values), ctypes.c_size_t(values.shape[0]),
                                     ctypes.c_size_t(values.shape[1]), _pointer(result)) == 0
    return result


def test_softmax_equals_python(library: ctypes.CDLL) -> None:
    seed = random.randrange(1 << 30)
    print("seed", seed)
    noise = np.random.default_rng(seed)
    degenerate = ((1000, 0.001), (4095, 1e-4), (7, 2.0**-26), (1000, 7.8e-9))
    for classes, scale in ((1, 0.1), (2, 1.0), (10, 0.1), (37, 0.003), (300, 0.5), (400, 0.01), (5, 30.0), *degenerate):
        values = np.clip(noise.normal(0, noise.uniform(1, 90), (60, classes)), -128, 127).astype(np.int8)
        assert np.array_equal(_softmax(library, values, scale), softmax_int8(values, scale))


class _Input(ctypes.Structure):
    """flow_input"""

    _fields_: ClassVar = [
        ("name", ctypes.c_char_p), ("height", ctypes.c_uint32), ("width", ctypes.c_uint32),
        ("channels", ctypes.c_uint32), ("scale", ctypes.c_float), ("zero_point", ctypes.c_int32),
        ("half_even", ctypes.c_bool), ("copies", ctypes.c_void_p), ("copy_count", ctypes.c_uint32)]


def _quantised(library: ctypes.CDLL, values: np.ndarray, scale: float, zero_point: int, half_even: bool) -> Int8:
    result = np.empty(values.shape, np.int8)
    entry = _Input(scale=scale, zero_point=zero_point, half_even=half_even)
    status = library.flow_quantise(ctypes.byref(entry), _pointer(values), ctypes.c_size_t(values.size),
                                   _pointer(result))
    assert status == 0
    return result


@pytest.mark.parametrize("half_even", [False, True])
def test_quantise_equals_numpy(library: ctypes.CDLL, half_even: bool) -> None:
    seed = random.randrange(1 << 30)
    print("seed", seed)
    noise = np.random.default_rng(seed)
    for scale, zero_point in ((0.5, 0), (0.007843137718737125, -1), (1.0, -128), (3.7e-5, 127)):
        scale = float(np.float32(scale))
        halves = (np.arange(-300, 300) + 0.5) * np.float32(scale)
        values = np.concatenate([halves, noise.normal(0, 100 * scale, 4000), [1e30, -1e30, 0.0, -0.0]])
        values = values.astype(np.float32)
        values = np.concatenate([values, np.nextafter(values, np.float32(9e9)), np.nextafter(values, np.float32(-9e9))])
        result = _quantised(library, values, scale, zero_point, half_even)
        wanted = quantise(values, Tensor("x", 1, 1, values.size, scale, zero_point), half_even)
        different = np.flatnonzero(result != wanted)
        assert not different.size, (values[different[:5]], result[different[:5]], wanted[different[:5]])


def test_crc32_equals_zlib(library: ctypes.CDLL) -> None:
    import zlib

    data = random.Random(1).randbytes(1000)
    library.flow_crc32.restype = ctypes.c_uint32
    assert library.flow_crc32(0, data, ctypes.c_size_t(1000)) == zlib.crc32(data)
    half = library.flow_crc32(0, data, ctypes.c_size_t(300))
    assert library.flow_crc32(ctypes.c_uint32(half), data[300:], ctypes.c_size_t(700)) == zlib.crc32(data)


@pytest.mark.full
@pytest.mark.own_process
def test_softmax_and_quantise_equal_the_reference_kernels(library: ctypes.CDLL) -> None:
    """Float in, int8 softmax: the interpreter's QUANTIZE and SOFTMAX outputs, bit by bit."""
    import tensorflow as tf

    noise = np.random.default_rng(11)
    rows = 500
    for classes, scale in ((10, 0.1), (400, 0.05), (2, 1.0), (37, 0.003)):
        layer = tf.keras.layers.Input((classes,))
        converter = tf.lite.TFLiteConverter.from_keras_model(
            tf.keras.Model(layer, tf.keras.layers.Softmax()(layer)))
        ends = np.zeros((1, classes), np.float32)
        ends[0, 0], ends[0, 1] = -128 * scale, 127 * scale
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda ends=ends: iter([[ends]])
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        interpreter = tf.lite.Interpreter(
            model_content=converter.convert(), experimental_preserve_all_tensors=True,
            experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_REF)
        interpreter.resize_tensor_input(0, (rows, classes))
        interpreter.allocate_tensors()
        int8 = [detail for detail in interpreter.get_tensor_details() if detail["dtype"] == np.int8]
        source, result = sorted(int8, key=lambda detail: detail["quantization"][0] == 1 / 256)
        own, zero_point = source["quantization"]
        for spread in (2, 30, 100):
            steps = noise.normal(0, spread, (rows, classes))
            steps[::2] = np.floor(steps[::2]) + 0.5
            values = (steps * own).astype(np.float32)
            values[::4] = np.nextafter(values[::4], np.float32(0))
            interpreter.set_tensor(0, values)
            interpreter.invoke()
            wanted = interpreter.get_tensor(source["index"])
            got = _quantised(library, values, own, zero_point, False)
            assert np.array_equal(got, wanted)
            assert len(np.unique(wanted)) > 5
            assert np.array_equal(_softmax(library, wanted, own), interpreter.get_tensor(result["index"]))
