"""A stand-in for Vivado: project, runs and constraints, refusing what Vivado would refuse."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass, field
from pathlib import Path

from tests.fpga.interpreter import Call, Refused, check_products, plan
from tests.fpga.vivado_design import BlockDesign
from tests.fpga.vivado_tables import BOARD_FILES, COMMANDS, OBJECT_PROPERTIES, RUN_RESULTS


@dataclass
class Run:
    progress: str = "0%"
    launched: bool = False
    waiting: bool = False
    steps: list[str] = field(default_factory=list)


@dataclass
class Vivado(BlockDesign):
    """One Vivado session after another on the same project; ``wns`` and ``whs`` are what implementation ends with."""

    hierarchy: tuple[str, ...] = ()
    wns: float = 0.1
    whs: float = 0.01
    failing_run: str = ""
    opened: bool = False
    runs: dict[str, Run] = field(default_factory=lambda: {"synth_1": Run(), "impl_1": Run()})
    open_run: str = ""
    pblocks: dict[str, list[str]] = field(default_factory=dict)
    written: list[Path] = field(default_factory=list)

    def build(self, fpga: Path) -> "Vivado":
        """The commands of a project's plan, each with what it must leave. Raises Refused."""
        for step in plan(fpga):
            script = step.command[step.command.index("-source") + 1]
            self.session((fpga / "run" / script).resolve())
            if script.endswith("synth.tcl"):
                self.constraints()
            check_products(fpga, step)
        return self

    def session(self, script: Path) -> None:
        """One ``vivado -mode batch -source script``. Raises Refused."""
        self.opened, self.open_run = False, ""
        self.begin(COMMANDS, self.handle).run(script)

    def handle(self, call: Call) -> object:
        method = getattr(self, f"do_{call.name}")
        if call.name not in ("create_project", "open_project", "get_ipdefs") and not self.opened:
            raise Refused("no open project")
        return method(call)

    # --- project

    def do_create_project(self, call: Call) -> None:
        name, folder = call.words
        if call.options["-part"] not in {board.part for board in BOARD_FILES.values()}:
            raise Refused(f"no part {call.options['-part']}")
        self.properties["project", "part"] = call.options["-part"]
        self.project = Path(folder) / f"{name}.xpr"
        self.project.parent.mkdir(parents=True, exist_ok=True)
        self.project.write_text("")
        self.opened = True
        self.design = ""

    def do_open_project(self, call: Call) -> None:
        if self.project is None or Path(call.words[0]) != self.project:
            raise Refused(f"no project {call.words[0]}")
        self.opened = True

    def do_close_project(self, call: Call) -> None:
        self.opened = False

    def do_current_project(self, call: Call) -> str:
        return "project:flow"

    def do_current_design(self, call: Call) -> str:
        if not self.open_run:
            raise Refused("no open design")
        return "design:flow"

    def do_get_filesets(self, call: Call) -> str:
        if call.words[0] not in ("sources_1", "constrs_1", "sim_1"):
            raise Refused(f"no fileset {call.words[0]}")
        return f"fileset:{call.words[0]}"

    def do_add_files(self, call: Call) -> None:
        fileset = call.options.get("-fileset", "sources_1")
        if fileset not in ("sources_1", "constrs_1", "sim_1"):
            raise Refused(f"no fileset {fileset}")
        for name in self.tcl.split(call.words[0]):
            path = Path(name)
            if not path.is_file():
                raise Refused(f"no file {name}")
            self.files.setdefault(fileset, []).append(path)

    def do_update_compile_order(self, call: Call) -> None:
        top = self.properties.get(("fileset", "top"))
        known = {path.stem for path in self.files.get("sources_1", [])}
        if top is not None and top not in known:
            raise Refused(f"the top {top} is in no file")

    def do_get_files(self, call: Call) -> list[str]:
        found = [path.name for paths in self.files.values() for path in paths
                 if fnmatch.fnmatch(path.name, call.words[0])]
        if self.saved and fnmatch.fnmatch(f"{self.design}.bd", call.words[0]):
            found.append(f"{self.design}.bd")
        return [f"file:{name}" for name in found]

    def do_set_property(self, call: Call) -> None:
        if "-dict" in call.flags:
            pairs, target = self.tcl.split(call.words[0]), call.words[1]
            if len(call.words) != 2 or len(pairs) % 2:
                raise Refused("-dict takes a list of pairs and objects")
            wanted = list(zip(pairs[::2], pairs[1::2], strict=True))
        else:
            if len(call.words) != 3:
                raise Refused("name, value and objects are needed")
            wanted, target = [(call.words[0], call.words[1])], call.words[2]
        for item in self.tcl.split(target) or [""]:
            kind, _, name = item.partition(":")
            for key, value in wanted:
                self._set(kind, name, key, value)
            if kind == "cell":
                self._rebuild(self.cells[name])

    def _set(self, kind: str, name: str, key: str, value: str) -> None:
        if kind == "cell":
            cell = self.cells[name]
            plain = key.removeprefix("CONFIG.")
            if cell.ip is None or plain == key or plain not in cell.ip.properties:
                raise Refused(f"{name} has no property {key}")
            if not cell.ip.properties[plain](value):
                raise Refused(f"{key} of {name} cannot be {value}")
            if plain.endswith("BOARD_INTERFACE") and value not in self._board().interfaces:
                raise Refused(f"{key}: the board has no interface {value}")
            cell.properties[plain] = value
            return
        entry = OBJECT_PROPERTIES.get((kind, key))
        if entry is None:
            raise Refused(f"{kind or 'nothing'} {name} has no property {key} that can be set")
        if not entry[0](value):
            raise Refused(f"{key} cannot be {value}")
        if key == "board_part" and BOARD_FILES[value].part != self.properties["project", "part"]:
            raise Refused(f"board {value} has another part")
        self.properties[kind, key] = value

    def do_get_property(self, call: Call) -> str:
        key, word = call.words
        name = self.one(word, "run")
        if key not in RUN_RESULTS:
            raise Refused(f"a run has no property {key}")
        run = self.runs[name]
        assert self.project is not None
        done = run.progress == "100%"
        return {"PROGRESS": run.progress, "STATUS": "done" if done else "route_design ERROR",
                "DIRECTORY": str(self.project.parent / "flow.runs" / name),
                "STATS.WNS": str(self.wns) if done and name == "impl_1" else "",
                "STATS.WHS": str(self.whs) if done and name == "impl_1" else ""}[key]

    # --- runs

    def do_get_runs(self, call: Call) -> list[str]:
        return [f"run:{name}" for name in self.runs if fnmatch.fnmatch(name, call.words[0])]

    def _run(self, name: str) -> Run:
        if name not in self.runs:
            raise Refused(f"no run {name}")
        return self.runs[name]

    def do_reset_run(self, call: Call) -> None:
        self._run(call.words[0])
        self.runs[call.words[0]] = Run()

    def do_launch_runs(self, call: Call) -> None:
        name, step = call.words[0], call.options.get("-to_step", "")
        run = self._run(name)
        if not self.generated or self.properties.get(("fileset", "top")) != f"{self.design}_wrapper":
            raise Refused("the block design is not generated, or its wrapper is not the top")
        if name == "impl_1" and self.runs["synth_1"].progress != "100%":
            raise Refused("synth_1 is not complete")
        if step and step not in ("opt_design", "place_design", "route_design", "write_bitstream"):
            raise Refused(f"no step {step}")
        if run.progress == "100%" and not step:
            raise Refused(f"{name} is complete: reset it first")
        run.launched, run.waiting = True, False
        run.steps.append(step)

    def do_wait_on_run(self, call: Call) -> None:
        run = self._run(call.words[0])
        if not run.launched:
            raise Refused(f"{call.words[0]} was not launched")
        if call.words[0] == self.failing_run:
            run.progress = "42%"
            return
        run.progress = "100%"
        if "write_bitstream" in run.steps:
            assert self.project is not None
            path = self.project.parent / "flow.runs" / call.words[0] / f"{self.design}_wrapper.bit"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("bits")

    def do_open_run(self, call: Call) -> None:
        if self._run(call.words[0]).progress != "100%":
            raise Refused(f"{call.words[0]} is not complete")
        self.open_run = call.words[0]

    def constraints(self) -> None:
        """Read the constraint files, as implementation does."""
        self.opened, self.open_run = True, "synth_1"
        interpreter = self.begin(COMMANDS, self.handle)
        for path in self.files["constrs_1"]:
            interpreter.run(path)

    def _report(self, call: Call) -> None:
        if not self.open_run:
            raise Refused("no open design")
        if "-file" in call.options:
            self._write(call.options["-file"])

    do_report_utilization = do_report_timing_summary = do_report_drc = do_report_power = _report

    def _write(self, name: str) -> None:
        path = Path(name)
        if not path.parent.is_dir():
            raise Refused(f"no folder {path.parent}")
        path.write_text("")
        self.written.append(path)

    def do_write_cfgmem(self, call: Call) -> None:
        if call.options["-format"] not in ("mcs", "bin", "hex") or call.options["-interface"] not in (
                "SPIx1", "SPIx2", "SPIx4", "SPIx8", "BPIx8", "BPIx16"):
            raise Refused("no such format or interface")
        words = self.tcl.split(call.options["-loadbit"])
        if len(words) != 3 or words[0] not in ("up", "down"):
            raise Refused("-loadbit takes up or down, an address and a file")
        if int(words[1], 0) >= int(call.options["-size"]) << 20:
            raise Refused("the address is beyond the memory")
        if not Path(words[2]).is_file():
            raise Refused(f"no file {words[2]}")
        self._write(call.options["-file"])

    def do_write_hw_platform(self, call: Call) -> None:
        if not self.open_run:
            raise Refused("no open design")
        self._write(call.options["-file"])

    # --- constraints

    def do_create_pblock(self, call: Call) -> str:
        if call.words[0] in self.pblocks:
            raise Refused(f"{call.words[0]} exists")
        self.pblocks[call.words[0]] = []
        return f"pblock:{call.words[0]}"

    def do_get_pblocks(self, call: Call) -> list[str]:
        return [f"pblock:{name}" for name in self.pblocks if fnmatch.fnmatch(name, call.words[0])]

    def do_resize_pblock(self, call: Call) -> None:
        self.one(call.words[0], "pblock")
        if not re.fullmatch(r"SLR[0-3]|CLOCKREGION_X\d+Y\d+:CLOCKREGION_X\d+Y\d+", call.options["-add"]):
            raise Refused(f"no region {call.options['-add']}")

    def do_add_cells_to_pblock(self, call: Call) -> None:
        pblock = self.one(call.words[0], "pblock")
        self.pblocks[pblock] += self.objects(call.words[1], "netlist_cell")

    def _filtered(self, expression: str) -> list[str]:
        match = re.fullmatch(r"NAME =~ (\S+)", expression)
        if match is None:
            raise Refused(f"cannot read the filter {expression}")
        return [name for name in self.hierarchy if self.tcl.tcl.call("string", "match", match[1], name)]

    def do_get_cells(self, call: Call) -> list[str]:
        return [f"netlist_cell:{name}" for name in self._filtered(call.options["-filter"])]

    def do_get_pins(self, call: Call) -> list[str]:
        return [f"netlist_pin:{name}" for name in self._filtered(call.options["-filter"])]

    def do_set_false_path(self, call: Call) -> None:
        for option in call.options.values():
            self.objects(option, "netlist_pin")
