"""Options and paths that cannot be used: the same form of refusal as everything else, also as JSON."""

from __future__ import annotations

import argparse
import json
import re
from pathlib import Path

import numpy as np
import pytest

from flow.build import manifest
from flow.cli import commands
from flow.cli.arguments import parser
from flow.cli.arrays import read_images, read_labelled
from flow.cli.main import FAULT, INTERRUPTED, main
from flow.errors import FlowError, ToolError, UsageError
from flow.frontend.calibrate import InputSpec, load

ONE = (InputSpec("image", (9,)),)


def refused(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What ``flow ... --json`` says on standard output, as one string; exit code 2 both times."""
    assert main([*map(str, arguments), "--json"]) == UsageError.exit_code
    answer = json.loads(capsys.readouterr().out)
    assert answer["exit_code"] == UsageError.exit_code
    return json.dumps(answer["error"])


@pytest.mark.parametrize(("arguments", "found"), [
    ([], "COMMAND"),
    (["frob"], "frob"),
    (["build"], "--fpga"),
    (["build", "--fpga", "vu9p", "--model", "m", "--verify", "hope"], "hope"),
    (["build", "--fpga", "vu9p", "--model", "m", "--images", "many"], "many"),
    (["list"], "what"),
])
def test_options_as_json(arguments: list[str], found: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert found in refused(capsys, *arguments)


@pytest.mark.parametrize(("arguments", "where", "remedy"), [
    (["build", "--fpga", "vu9p", "--model", "m", "--verfy", "rtl"], "build", "did you mean --verify?"),
    (["verify", "folder", "--zzz"], "verify", "see: flow verify --help"),
    (["lst"], "COMMAND", "did you mean list?"),
    ([], "COMMAND", "one of build, size, verify, run, list, doctor"),
])
def test_the_place_is_named_once_and_the_nearest_option(
    arguments: list[str], where: str, remedy: str, capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(arguments) == UsageError.exit_code
    shown = capsys.readouterr().err
    assert shown.startswith(f"flow: {where}: ") and f"remedy: {remedy}" in shown
    assert shown.count("flow: ") == 1


def test_every_option_has_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    found = next(action for action in parser()._actions if isinstance(action, argparse._SubParsersAction))
    silent = [f"{name} {action.metavar or action.dest}" for name, command in found.choices.items()
              for action in command._actions if not action.help]
    assert not silent


def test_exit_codes_are_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    codes = {error.exit_code for error in FlowError.__subclasses__()} | {0, FAULT, INTERRUPTED}
    assert {int(code) for code in re.findall(r"^ +(\d+)  ", shown, re.M)} == codes


@pytest.mark.parametrize(("error", "code"), [(KeyboardInterrupt(), INTERRUPTED), (IndexError("x"), FAULT),
                                             (OSError(28, "No space left on device"), 2)])
@pytest.mark.parametrize("command", [["build", "--fpga", "vu9p", "--model", "m"], ["verify", "folder"]])
def test_whatever_ends_it_the_keys_are_the_same(command: list[str], error: BaseException, code: int,
                                                monkeypatch: pytest.MonkeyPatch,
                                                capsys: pytest.CaptureFixture[str]) -> None:
    def die(*_: object) -> None:
        raise error

    monkeypatch.setitem(commands.RUN, command[0], die)
    monkeypatch.delenv("FLOW_DEBUG", raising=False)
    assert main([*command, "--json"]) == code
    shown = capsys.readouterr()
    answer = json.loads(shown.out)
    assert answer["exit_code"] == code and [list(one) for one in answer["error"]] == [["where", "found", "remedy"]]
    if code == INTERRUPTED:
        assert ("goes on" in shown.err) == (command[0] == "build")


def test_interrupted_while_the_options_are_read(monkeypatch: pytest.MonkeyPatch,
                                                capsys: pytest.CaptureFixture[str]) -> None:
    def die() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("flow.cli.arguments.parser", die)
    assert main(["verify", "folder", "--json"]) == INTERRUPTED
    assert json.loads(capsys.readouterr().out)["error"][0]["found"] == "interrupted"


@pytest.mark.parametrize("what", ["fpgas", "models", "ops"])
def test_listings_are_one_object(what: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", what, "--json"]) == 0
    value = json.loads(capsys.readouterr().out)
    assert list(value) == [what] and len(value[what]) > 5


def test_doctor_ends_non_zero_if_something_needed_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["doctor", "--json"]) == ToolError.exit_code
    assert json.loads(capsys.readouterr().out)["ok"] is False


@pytest.mark.parametrize("command", [
    ["size", "--fpga", "vu9p", "--model", "tiny.tflite", "--output"],
    ["run", "folder", "--input", "x.npy", "--output"],
])
def test_an_output_that_cannot_be_is_told_before_work(command: list[str], tmp_path: Path,
                                                      capsys: pytest.CaptureFixture[str]) -> None:
    assert "no such folder" in refused(capsys, *command, tmp_path / "nowhere" / "file")


def test_options_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build"]) == UsageError.exit_code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "--fpga" in shown.err


def test_folder_that_is_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "nowhere" in refused(capsys, "verify", tmp_path / "nowhere")
    (tmp_path / "file").write_text("x")
    assert "file" in refused(capsys, "verify", tmp_path / "file")


@pytest.mark.parametrize("option", ["--seed=-1", "--images=-1"])
def test_negative_numbers(option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.tflite").write_bytes(b"\0\0\0\0TFL3")
    found = refused(capsys, "build", "--fpga", "vu9p", "--model", tmp_path / "m.tflite", option)
    assert option.partition("=")[0] in found


def test_output_below_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.tflite").write_bytes(b"\0\0\0\0TFL3")
    below = tmp_path / "m.tflite" / "out"
    found = refused(capsys, "build", "--fpga", "vu9p", "--model", tmp_path / "m.tflite", "--output", below)
    assert "Not a directory" in found


def test_what_make_leaves_is_not_the_proof(tmp_path: Path) -> None:
    """``make sim`` works in the folder itself, which must stay good for ``flow verify``."""
    (tmp_path / "Makefile").write_text("sim:")
    (tmp_path / "a").write_text("a")
    manifest.write(tmp_path, {})
    (tmp_path / "build" / "obj").mkdir(parents=True)
    (tmp_path / "build" / "obj" / "x.o").write_text("x")
    manifest.check(tmp_path)
    (tmp_path / "firmware").mkdir()
    (tmp_path / "firmware" / "build").write_text("x")
    with pytest.raises(UsageError, match="firmware/build"):
        manifest.check(tmp_path)


@pytest.mark.parametrize("option", [("--images", 3), ("--trace-layers",), ("--engine", "all")])
def test_what_labelled_images_do_not_take_is_told_before_the_folder_is_read(
    option: tuple[object, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:
    found = refused(capsys, "verify", tmp_path / "nowhere", "--labelled", tmp_path / "x.npz", *option)
    assert " ".join(map(str, option[:1])) in found and "with --labelled" in found and "nowhere" not in found


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
@pytest.mark.parametrize("length", [0, 5, 100, 300])
def test_damaged_arrays(name: str, length: int, tmp_path: Path) -> None:
    path = tmp_path / name
    if name == "a.npy":
        np.save(path, np.zeros((9, 9)))
    else:
        np.savez_compressed(path, images=np.random.default_rng(0).random((9, 9)), labels=np.zeros(9))
    path.write_bytes(path.read_bytes()[:length])
    for read in (lambda: read_images(path, ["x"]), lambda: read_labelled(path), lambda: load(path, ONE, 0)):
        with pytest.raises(UsageError, match=name):
            read()
