"""Stand-ins for Genus and Innovus (common user interface): commands, their order, files, macros, views.

Sources: "Genus" is the Genus Command Reference, "Innovus" the Innovus Stylus Common UI Text Command Reference; both
were read through public scripts that use the commands: the hammer VLSI flow's Cadence plugins (hammer-cad), TILOS's
MacroPlacement repository (Flows/.../run_genus*.tcl), gem5-X/ANEMOS (eda_scripts/genus), and init files written by
Genus itself (read_mmmc, read_physical, read_netlist, init_design).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.fpga.interpreter import Call, Command, Refused, Tool

G, PR, SDC = "Genus: hammer-cad, MacroPlacement", "Innovus: hammer-cad, MacroPlacement", "SDC 2.1"

CONSTRAINTS: Mapping[str, Command] = {
    "create_clock": Command(SDC, ("-name", "-period"), (), ("-name", "-period"), (1, 1)),
    "get_ports": Command(SDC, positional=(1, 1)), "get_clocks": Command(SDC, positional=(1, 1)),
    "all_inputs": Command(SDC), "all_outputs": Command(SDC),
    "remove_from_collection": Command(SDC, positional=(2, 2)),
    "set_clock_uncertainty": Command(SDC, positional=(2, 2)),
    "set_input_delay": Command(SDC, ("-clock",), (), ("-clock",), (2, 2)),
    "set_output_delay": Command(SDC, ("-clock",), (), ("-clock",), (2, 2)),
}
GENUS: Mapping[str, Command] = {
    "read_libs": Command(G, positional=(1, 1)),
    "read_physical": Command(G, ("-lef",), required=("-lef",)),
    "get_db": Command(G, positional=(2, 2)),
    "set_db": Command(G, positional=(2, 2)),
    "read_hdl": Command(G, ("-language", "-define"), positional=(1, 1)),
    "elaborate": Command(G, positional=(1, 1)),
    "check_design": Command(G, flags=("-unresolved",)),
    "read_sdc": Command(G, positional=(1, 1)),
    "current_design": Command(G),
    "syn_generic": Command(G), "syn_map": Command(G), "syn_opt": Command(G),
    **{name: Command(G, positional=(2, 2)) for name in ("report_area", "report_timing", "report_power", "write_hdl",
                                                         "write_sdc")},
    **CONSTRAINTS,
}
INNOVUS: Mapping[str, Command] = {
    "set_db": Command(PR, positional=(2, 2)),
    "get_db": Command(PR, positional=(2, 2)),
    "read_mmmc": Command(PR, positional=(1, 1)),
    "create_library_set": Command(PR, ("-name", "-timing"), (), ("-name", "-timing")),
    "create_constraint_mode": Command(PR, ("-name", "-sdc_files"), (), ("-name", "-sdc_files")),
    "create_timing_condition": Command(PR, ("-name", "-library_sets"), (), ("-name", "-library_sets")),
    "create_rc_corner": Command(PR, ("-name", "-qrc_tech"), (), ("-name",)),
    "create_delay_corner": Command(PR, ("-name", "-timing_condition", "-rc_corner"), (),
                                   ("-name", "-timing_condition", "-rc_corner")),
    "create_analysis_view": Command(PR, ("-name", "-constraint_mode", "-delay_corner"), (),
                                    ("-name", "-constraint_mode", "-delay_corner")),
    "set_analysis_view": Command(PR, ("-setup", "-hold"), (), ("-setup", "-hold")),
    "read_physical": Command(PR, ("-lef",), required=("-lef",)),
    "read_netlist": Command(PR, ("-top",), positional=(1, 1)),
    "init_design": Command(PR),
    "create_floorplan": Command(PR, ("-site", "-core_density_size"), (), ("-core_density_size",)),
    "place_design": Command(PR, flags=("-concurrent_macros",)),
    "place_opt_design": Command(PR), "ccopt_design": Command(PR), "route_design": Command(PR),
    "opt_design": Command(PR, flags=("-post_route", "-setup", "-hold")),
    "time_design": Command(PR, ("-report_dir",), ("-post_route",)),
    "report_area": Command(PR, positional=(2, 2)),
    "check_drc": Command(PR, ("-out_file",)),
    "write_netlist": Command(PR, positional=(1, 1)),
    "write_def": Command(PR, flags=("-routing",), positional=(1, 1)),
    "write_stream": Command(PR, positional=(1, 1)),
    "get_timing_paths": Command(PR, ("-max_paths",), ("-late", "-early")),
}
#: Attributes: of the root (set), of objects (read).
SETTABLE = {"syn_global_effort": G, "init_power_nets": PR, "init_ground_nets": PR}
EFFORTS = ("none", "low", "medium", "high", "express")

#: What must have come before a command.
ORDER = {"read_hdl": "read_libs", "elaborate": "read_hdl", "check_design": "elaborate", "read_sdc": "elaborate",
         "syn_generic": "read_sdc", "syn_map": "syn_generic", "syn_opt": "syn_map", "write_hdl": "syn_opt",
         "write_sdc": "syn_opt", "read_netlist": "read_physical", "init_design": "read_netlist",
         "create_floorplan": "init_design", "place_design": "create_floorplan", "place_opt_design": "place_design",
         "ccopt_design": "place_opt_design", "route_design": "ccopt_design", "opt_design": "route_design",
         "time_design": "route_design", "check_drc": "route_design", "write_stream": "route_design",
         "get_timing_paths": "route_design"}
#: Objects a view is made of: command, option -> the kind of object it names.
PARTS = {("create_timing_condition", "-library_sets"): "create_library_set",
         ("create_delay_corner", "-timing_condition"): "create_timing_condition",
         ("create_delay_corner", "-rc_corner"): "create_rc_corner",
         ("create_analysis_view", "-constraint_mode"): "create_constraint_mode",
         ("create_analysis_view", "-delay_corner"): "create_delay_corner",
         ("set_analysis_view", "-setup"): "create_analysis_view",
         ("set_analysis_view", "-hold"): "create_analysis_view"}


_FILES = ("FLOW_LIB", "FLOW_LEF", "FLOW_QRC")
_NAMES = {"FLOW_SITE": "core", "FLOW_POWER": "VDD", "FLOW_GROUND": "VSS"}


def environment(fpga: Path) -> dict[str, str]:
    """The variables that the scripts ask for, with empty files of a library in the project's ``run``."""
    (fpga / "run").mkdir(exist_ok=True)
    for name in _FILES:
        (fpga / "run" / name).write_text("")
    return {**_NAMES, **{name: str(fpga / "run" / name) for name in _FILES}}


@dataclass
class Cadence(Tool):
    """One session. macros: memory cells of the library; slack: what each tool ends with, ns (or text that is none)."""

    environment: Mapping[str, str]
    macros: tuple[str, ...]
    slack: Mapping[str, str] = field(default_factory=dict)
    tool: str = ""
    done: set[str] = field(default_factory=set)
    made: dict[str, set[str]] = field(default_factory=dict)
    modules: set[str] = field(default_factory=set)
    clocks: set[str] = field(default_factory=set)

    def build(self, fpga: Path) -> "Cadence":
        """Genus, then Innovus. Raises Refused."""
        for name, commands in (("genus", GENUS), ("innovus", INNOVUS)):
            self._run(name, commands, fpga / "asic" / f"{name}.tcl")
        return self

    def _run(self, tool: str, commands: Mapping[str, Command], script: Path) -> None:
        self.tool, self.done, self.made = tool, set(), {}
        interpreter = self.begin(commands, self.handle)
        interpreter.tcl.eval("array unset ::env FLOW_*")
        for name, value in self.environment.items():
            interpreter.tcl.setvar(f"env({name})", value)
        interpreter.run(script)

    def handle(self, call: Call) -> object:
        before = ORDER.get(call.name)
        if before and before not in self.done:
            raise Refused(f"{before} has not been run")
        self.done.add(call.name)
        for (name, option), kind in PARTS.items():
            if name == call.name:
                for part in self.tcl.split(call.options[option]):
                    if part not in self.made.get(kind, set()):
                        raise Refused(f"{option}: there is no {part}")
        if "-name" in call.options and call.name != "create_clock":
            self.made.setdefault(call.name, set()).add(call.options["-name"])
        method = getattr(self, f"do_{call.name}", None)
        return method(call) if method else self._files(call)

    def _files(self, call: Call) -> None:
        for option in ("-lef", "-timing", "-sdc_files", "-qrc_tech"):
            self._there(call.options.get(option, ""))
        words = call.words
        if words[:1] == [">"] or call.name.startswith("write"):
            Path(words[-1]).write_text("")

    def _there(self, names: str) -> None:
        for name in self.tcl.split(names):
            if not Path(name).is_file():
                raise Refused(f"no file {name}")

    def do_read_libs(self, call: Call) -> None:
        self._there(call.words[0])

    do_read_netlist = do_read_libs

    def do_read_mmmc(self, call: Call) -> None:
        self._there(call.words[0])
        self.tcl.run(Path(call.words[0]))

    do_read_sdc = do_read_mmmc

    def do_init_design(self, call: Call) -> None:
        if "set_analysis_view" not in self.done:
            raise Refused("no analysis view is set")

    def do_read_hdl(self, call: Call) -> None:
        if call.options.get("-language") not in ("v2001", "sv", "vhdl"):
            raise Refused(f"no language {call.options.get('-language')}")
        self._there(call.words[0])
        self.modules |= {Path(name).stem for name in self.tcl.split(call.words[0])}

    def do_elaborate(self, call: Call) -> None:
        if call.words[0] not in self.modules:
            raise Refused(f"no module {call.words[0]}")

    def do_current_design(self, call: Call) -> str:
        return "design:flow_top"

    def do_set_db(self, call: Call) -> None:
        name, value = call.words
        if name not in SETTABLE or (name == "syn_global_effort" and value not in EFFORTS):
            raise Refused(f"{name} cannot be {value}")

    def do_get_db(self, call: Call) -> object:
        what, name = call.words
        if what == "base_cells":
            return [f"base_cell:{macro}" for macro in self.macros if macro == name]
        if what.split(":")[0] not in ("design", "timing_path") or name != ".slack":
            raise Refused(f"{what} has no attribute {name}")
        if self.tool == "genus":
            return str(float(self.slack.get("genus", "0.02")) * 1000)
        return self.slack.get(what.split(":")[1], "0.01")

    def do_get_timing_paths(self, call: Call) -> str:
        return f"timing_path:{next(iter(call.flags)).lstrip('-')}"

    def do_create_floorplan(self, call: Call) -> None:
        ratio, density, *margins = map(float, self.tcl.split(call.options["-core_density_size"]))
        if not 0 < density <= 1 or ratio <= 0 or len(margins) != 4:
            raise Refused("-core_density_size takes a ratio, a density up to 1 and four margins")

    # --- constraints

    def do_create_clock(self, call: Call) -> None:
        if float(call.options["-period"]) <= 0:
            raise Refused("a period is above 0")
        self.clocks.add(call.options["-name"])

    def do_get_clocks(self, call: Call) -> str:
        if call.words[0] not in self.clocks:
            raise Refused(f"no clock {call.words[0]}")
        return call.words[0]

    def do_get_ports(self, call: Call) -> str:
        if call.words[0] != "clk_i":
            raise Refused(f"no port {call.words[0]}")
        return call.words[0]

    def do_all_inputs(self, call: Call) -> str:
        return "inputs"

    do_all_outputs = do_remove_from_collection = do_all_inputs

    def do_set_input_delay(self, call: Call) -> None:
        if call.options["-clock"] not in self.clocks:
            raise Refused(f"no clock {call.options['-clock']}")

    do_set_output_delay = do_set_input_delay
