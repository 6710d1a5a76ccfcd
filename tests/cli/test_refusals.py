"""Bad inputs: a clear error, an exit code, and nothing left behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from flow.errors import CapacityError, UnsupportedError, UsageError
from tests.cli.conftest import INPUT, LAMBDA, SMALL, keras_h5, keras_zip

ROOT = Path(__file__).resolve().parents[2]


def flow(*arguments: object, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "flow", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def refused(result: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    assert result.returncode == code, result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    for word in words:
        assert word in result.stderr


def build(tmp_path: Path, model: object, *options: object, fpga: str = "vu9p") -> subprocess.CompletedProcess[str]:
    """``flow build`` in an empty folder, that must be empty again afterwards."""
    work = tmp_path / "work"
    work.mkdir()
    result = flow("build", "--fpga", fpga, "--model", model, "--verify", "none", *options, folder=work)
    if result.returncode:
        assert list(work.iterdir()) == []
    return result


def test_missing_file(tmp_path: Path) -> None:
    refused(build(tmp_path, "nowhere/net.h5"), UsageError.exit_code, "nowhere/net.h5", "no such file")


def test_misspelt_network(tmp_path: Path) -> None:
    refused(build(tmp_path, "resnet5.h5"), UsageError.exit_code, "did you mean", "resnet50")


def test_unknown_fpga_and_missing_files_at_once(tmp_path: Path) -> None:
    model = keras_h5(tmp_path / "inputs" / "m.h5", [INPUT])
    result = build(tmp_path, model, "--calibration", "none.npy", "--hw", "none.json", fpga="vu9")
    refused(result, UsageError.exit_code, "did you mean", "vu9p", "none.npy", "none.json")


def test_truncated_h5(tmp_path: Path) -> None:
    model = keras_h5(tmp_path / "inputs" / "m.h5", [INPUT])
    model.write_bytes(model.read_bytes()[:1000])
    refused(build(tmp_path, model), UsageError.exit_code, "m.h5")


@pytest.mark.parametrize("content", [b"", b"hello", bytes(4096), b"\x89HDF\r\n\x1a\n" + bytes(100),
                                     b"PK\x03\x04" + bytes(60)],
                         ids=["empty", "text", "zeros", "hdf", "zip"])
def test_not_a_model(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "m.h5").write_bytes(content)
    refused(build(tmp_path, tmp_path / "m.h5"), UsageError.exit_code, "m.h5")


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_lambda_layer_is_refused_not_run(tmp_path: Path, suffix: str) -> None:
    write = keras_h5 if suffix == ".h5" else keras_zip
    model = write(tmp_path / "inputs" / f"m{suffix}", [INPUT, LAMBDA])
    result = build(tmp_path, model)
    assert result.returncode in (UsageError.exit_code, UnsupportedError.exit_code)
    refused(result, result.returncode, "Lambda", "mine")


def test_engine_of_another_abi(tmp_path: Path) -> None:
    model = keras_h5(tmp_path / "inputs" / "m.h5", [INPUT])
    (tmp_path / "hw.json").write_text(json.dumps({"engine": {**SMALL.to_json(), "abi": "9.0"}, "reason": {}}))
    refused(build(tmp_path, model, "--hw", tmp_path / "hw.json"), UsageError.exit_code, "abi", "9.0")


@pytest.mark.parametrize("option", ["--images=-1", "--target-fps=0", "--clock=-5", "--clock=inf", "--target-fps=nan"])
def test_numbers_out_of_range(tmp_path: Path, option: str) -> None:
    model = keras_h5(tmp_path / "inputs" / "m.h5", [INPUT])
    refused(build(tmp_path, model, option), UsageError.exit_code, option.split("=")[0])


@pytest.mark.parametrize(("fpga", "options", "words"), [
    ("asic", (), ("--area", "--target-fps")),
    ("vu9p", ("--area", "2"), ("--area", "vu9p")),
    ("vu9p", ("--goal", "area"), ("--goal area", "--target-fps")),
    ("pynq-z2", ("--entry", "xrt"), ("--entry xrt", "u200")),
])
def test_options_that_contradict_are_told_before_the_import(tmp_path: Path, fpga: str, options: tuple[str, ...],
                                                           words: tuple[str, ...]) -> None:
    model = keras_h5(tmp_path / "inputs" / "m.h5", [INPUT])
    result = build(tmp_path, model, *options, fpga=fpga)
    refused(result, UsageError.exit_code, *words)
    assert "import" not in result.stderr


@pytest.mark.parametrize("option", [("--target-fps", "9"), ("--area", "2"), ("--clock", "100"),
                                    ("--goal", "latency")])
def test_a_given_engine_is_not_sized(tmp_path: Path, small_engine: Path, option: tuple[str, str]) -> None:
    model = keras_h5(tmp_path / "inputs" / "m.h5", [INPUT])
    refused(build(tmp_path, model, "--hw", small_engine, *option), UsageError.exit_code, option[0], "--hw")


def test_folder_of_someone_else(tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter").write_text("precious")
    model = keras_h5(tmp_path / "inputs" / "m.h5", [INPUT])
    refused(build(tmp_path, model, "--output", tmp_path / "thesis"), UsageError.exit_code, "not made by flow build")
    assert (tmp_path / "thesis" / "chapter").read_text() == "precious"


def test_verify_of_no_folder(tmp_path: Path) -> None:
    refused(flow("verify", tmp_path, folder=tmp_path), UsageError.exit_code, "manifest.json")


@pytest.mark.parametrize("arguments", [("list", "models", "--json"), ("--help",), ("frob", "--json")])
def test_a_standard_output_that_is_full(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-m", "flow", *arguments], cwd=tmp_path, stdout=full, text=True,
                              stderr=subprocess.PIPE, check=False)
    assert done.returncode == UsageError.exit_code
    assert done.stderr.startswith("flow: ") and "Error" not in done.stderr and "Traceback" not in done.stderr


def test_a_standard_error_that_is_full(tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([sys.executable, "-m", "flow", "frob", "--json"], cwd=tmp_path, stdout=subprocess.PIPE,
                              text=True, stderr=full, check=False)
    assert (done.returncode, json.loads(done.stdout)["exit_code"]) == (UsageError.exit_code, UsageError.exit_code)


def test_a_reader_that_goes_away(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run([sys.executable, "-m", "flow", "list", "fpgas"], cwd=tmp_path, stdout=writing, text=True,
                          stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_json_errors(tmp_path: Path) -> None:
    result = build(tmp_path, "nowhere/net.h5", "--json")
    answer = json.loads(result.stdout)
    assert (result.returncode, answer["exit_code"]) == (UsageError.exit_code, UsageError.exit_code)
    assert answer["error"][0]["where"] == "--model nowhere/net.h5"


def saved(path: Path, program: str) -> Path:
    """A model made by Keras in a process of its own."""
    path.parent.mkdir(exist_ok=True)
    code = ("import sys, keras\nfrom keras import layers\nkeras.utils.set_random_seed(1)\n"
            f"{program}\nm.save(sys.argv[1])")
    subprocess.run([sys.executable, "-c", code, str(path)], check=True, capture_output=True)
    return path


@pytest.mark.full
def test_unsupported_operation_is_named(tmp_path: Path) -> None:
    model = saved(tmp_path / "inputs" / "m.keras",
                  "i = keras.Input((8, 8, 3))\nm = keras.Model(i, layers.UnitNormalization(name='upwards')(i))")
    refused(build(tmp_path, model), UnsupportedError.exit_code, "upwards")


@pytest.mark.full
def test_calibration_of_another_shape(tmp_path: Path) -> None:
    model = saved(tmp_path / "inputs" / "m.keras",
                  "i = keras.Input((8, 8, 3))\nm = keras.Model(i, layers.Conv2D(4, 3)(i))")
    np.save(tmp_path / "c.npy", np.zeros((4, 9, 8, 3), np.float32))
    refused(build(tmp_path, model, "--calibration", tmp_path / "c.npy"), UsageError.exit_code, "9, 8, 3", "8, 8, 3")


@pytest.mark.full
def test_model_larger_than_the_memory(tmp_path: Path) -> None:
    model = saved(tmp_path / "inputs" / "m.keras",
                  "i = keras.Input((1, 1, 4096))\nm = keras.Model(i, layers.Conv2D(9000, 1)(i))")
    refused(build(tmp_path, model, fpga="ulx3s"), CapacityError.exit_code, "memory")
