"""Options of the command."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import flow
from flow.build.choices import BOARD_ENGINES, ENGINES, ENTRIES, GOALS
from flow.errors import Problem, UsageError

_ENGINES = tuple(name for name in ENGINES if name != "none")
_ENGINE_HELP = ("all: rtl, opencl and reference, side by side; for a ulx3s folder also its whole design by its pins: "
                "pins (RTL) or netlist (as synthesised)")


_EXIT_CODES = """exit codes:
  0    done
  2    an option or file that cannot be used
  3    something in the model that cannot be computed exactly
  4    it does not fit
  5    something differed from the oracle
  6    a tool failed or is missing
  70   a fault of flow itself
  130  interrupted; the next build goes on from the last finished stage"""


class _Parser(argparse.ArgumentParser):
    """Raises what argparse would print, so that it is told like every other refusal."""

    #: of the top: its subcommands
    commands: Sequence[str] = ()

    def error(self, message: str) -> NoReturn:
        raise UsageError(Problem(self._place, message, f"see: {self.prog} --help"))

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse's, but what nobody knows is refused by the command it was given to, with the nearest name."""
        if self.commands and (not args or (args[0][:1] != "-" and args[0] not in self.commands)):
            found = f"{args[0]} is not known" if args else "none is given"
            raise UsageError(Problem("COMMAND", found, _nearest(args[0] if args else "", self.commands)
                                     or f"one of {', '.join(self.commands)}; see: flow --help"))
        known, unknown = super().parse_known_args(args, namespace)
        if unknown:
            wrong = next((text for text in unknown if text.startswith("-")), unknown[0])
            options = [option for action in self._actions for option in action.option_strings]
            raise UsageError(Problem(self._place, f"{wrong} is not known", _nearest(wrong.partition("=")[0], options)
                                     or f"see: {self.prog} --help"))
        return known, unknown

    @property
    def _place(self) -> str:
        return self.prog.removeprefix("flow ")


def _nearest(wrong: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(wrong, known, n=1)
    return f"did you mean {near[0]}?" if near else ""


def parser() -> argparse.ArgumentParser:
    """The parser of everything after ``flow``. It raises UsageError on options that cannot be used."""
    top = _Parser(prog="flow", description="From a trained neural network to an FPGA, with proof.",
                  epilog=_EXIT_CODES, formatter_class=argparse.RawDescriptionHelpFormatter)
    top.add_argument("--version", action="version", version=f"flow {flow.__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    build = commands.add_parser("build", help="model and FPGA -> a verified folder")
    _model_options(build)
    build.add_argument("--output", type=Path, metavar="DIR", help="the folder (default: build/<fpga>-<model>)")
    build.add_argument("--verify", choices=ENGINES, default="rtl",
                       help="engine of the proof (default: rtl, after a fast check on opencl, if it is there)")
    _stimuli_options(build)
    build.add_argument("--entry", choices=ENTRIES, default="rtl",
                       help="opencl: the kernel for Intel's aoc; xrt: the RTL as a kernel for AMD's v++")
    build.add_argument("--no-bitstream", dest="bitstream", action="store_false",
                       help="stop at the project, also where the FPGA's tool is there")
    build.add_argument("--dump-dir", type=Path, metavar="D", help="also leave every stage's value as text here")

    size = commands.add_parser("size", help="choose an engine and say why, without building")
    _model_options(size)
    size.add_argument("--output", type=Path, metavar="FILE", help="write hw.json here")

    verify = commands.add_parser("verify", help="prove a built folder again")
    verify.add_argument("folder", type=Path, metavar="DIR", help="a folder that flow build left")
    verify.add_argument("--engine", choices=(*_ENGINES, *BOARD_ENGINES, "all"), default="rtl", help=_ENGINE_HELP)
    _stimuli_options(verify)
    verify.add_argument("--labelled", type=Path, metavar="X.npz",
                        help="arrays images and labels: accuracy of float model, quantised model and engine")
    verify.add_argument("--trace-layers", action="store_true", help="materialise and compare every tensor of the graph")
    _json_option(verify)

    run = commands.add_parser("run", help="run inputs through a built folder's engine")
    run.add_argument("folder", type=Path, metavar="DIR", help="a folder that flow build left")
    run.add_argument("--input", type=Path, required=True, metavar="X.npy",
                     help="images (N, height, width, channels), float or int8; .npz by input name if there are several")
    run.add_argument("--output", type=Path, required=True, metavar="Y.npy",
                     help="outputs (N, height, width, channels), of the input's type; .npz if there are several")
    run.add_argument("--engine", choices=(*_ENGINES, *BOARD_ENGINES), default="rtl",
                     help="default: rtl; pins and netlist: a ulx3s folder's whole design by its pins")
    _json_option(run)

    list_ = commands.add_parser("list", help="what is known: FPGAs, networks of the zoo, operations")
    list_.add_argument("what", choices=("fpgas", "models", "ops"),
                       help="ops: what a network may consist of, and where it runs")
    _json_option(list_)

    doctor = commands.add_parser("doctor", help="is everything here that flow needs?")
    _json_option(doctor)
    top.commands = tuple(commands.choices)
    return top


def _model_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--fpga", required=True, metavar="F", help="see: flow list fpgas")
    command.add_argument("--model", required=True, action="append", dest="models", metavar="M",
                         help=".h5, .keras or int8 .tflite, or a network of the zoo; several size one engine for all")
    command.add_argument("--calibration", type=Path, metavar="PATH", help=".npy, .npz or a folder of images")
    command.add_argument("--hw", type=Path, metavar="hw.json", help="compile for this engine instead of sizing one")
    command.add_argument("--goal", default="throughput", choices=GOALS,
                         help="throughput (default); latency: one image at a time; area: the smallest for --target-fps")
    command.add_argument("--target-fps", type=float, metavar="N", help="smallest engine that reaches N frames/s")
    command.add_argument("--area", type=float, metavar="MM2",
                         help="with --fpga asic: largest die; with --target-fps the smallest that reaches it")
    command.add_argument("--clock", type=float, metavar="MHZ", help="assumed clock (default: the device's)")
    _json_option(command)


def _stimuli_options(command: argparse.ArgumentParser) -> None:
    command.add_argument("--images", type=int, default=0, metavar="N",
                         help="how many (default: one full batch): the calibration data's first, then seeded ones")
    command.add_argument("--seed", type=int, default=0, metavar="S", help="of the seeded images (default: 0)")


def _json_option(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="one JSON object on standard output")
