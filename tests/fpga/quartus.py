"""A stand-in for Quartus Prime Pro's scripting: projects, Platform Designer, timing analysis.

Sources: "Quartus Tcl" is the Quartus Prime Pro Edition User Guide: Scripting; "Platform Designer" the guide of that
name (qsys-script and _hw.tcl commands). Names of IP interfaces and parameters are from the IPs' user guides:
UG-20033 (Stratix 10 Avalon-MM PCIe), UG-01145 (Arria 10 Avalon-MM PCIe), UG-S10EMI and UG-A10EMI
(memory interfaces), UG-01155 (IOPLL). Read in public scripts that were built with the tool: of the Stratix 10 bridge
all but rxm_bar2 and rxm_irq (an MSA-2020 board's qsys-script), of the Arria 10 hard IP wrala_hwtcl and the bars'
(uob-mu3e), of the memories PROTOCOL_ENUM, MEM_DDR4_DQ_WIDTH and PHY_DDR4_MEM_CLK_FREQ_MHZ (reference designs). From
memory, to be checked: rxm_irq, interface_type_hwtcl, the memories' interface names, and all memory parameters that
are not set.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.fpga.interpreter import Call, Command, Refused, Tool, plan

TCL = "Quartus Tcl"
PD = "Platform Designer"

PROJECT: Mapping[str, Command] = {
    "project_new": Command(TCL, flags=("-overwrite",), positional=(1, 1)),
    "set_global_assignment": Command(TCL, ("-name",), required=("-name",), positional=(1, 1)),
    "post_message": Command(TCL, ("-type",), positional=(1, 1)),
    "export_assignments": Command(TCL),
    "project_close": Command(TCL),
    "project_open": Command(TCL, positional=(1, 1)),
}
TIMING: Mapping[str, Command] = {
    **{name: PROJECT[name] for name in ("post_message", "project_close", "project_open")},
    "create_timing_netlist": Command(TCL), "read_sdc": Command(TCL), "update_timing_netlist": Command(TCL),
    "delete_timing_netlist": Command(TCL),
    "create_timing_summary": Command(TCL, ("-file",), ("-setup", "-hold", "-append")),
    "get_available_operating_conditions": Command(TCL),
    "set_operating_conditions": Command(TCL, positional=(1, 1)),
    "report_timing": Command(TCL, ("-npaths",), ("-setup", "-hold", "-recovery", "-removal")),
}
SDC: Mapping[str, Command] = {
    "create_clock": Command(TCL, ("-name", "-period"), (), ("-name", "-period"), (1, 1)),
    "get_ports": Command(TCL, positional=(1, 1)), "get_registers": Command(TCL, positional=(1, 1)),
    "derive_pll_clocks": Command(TCL, flags=("-create_base_clocks",)), "derive_clock_uncertainty": Command(TCL),
    "set_false_path": Command(TCL, ("-to", "-from")),
}
SYSTEM: Mapping[str, Command] = {
    "create_system": Command(PD, positional=(1, 1)), "set_project_property": Command(PD, positional=(2, 2)),
    "add_instance": Command(PD, positional=(2, 3)), "set_instance_parameter_value": Command(PD, positional=(3, 3)),
    "add_connection": Command(PD, positional=(2, 2)), "set_connection_parameter_value": Command(PD, positional=(3, 3)),
    "add_interface": Command(PD, positional=(3, 3)), "set_interface_property": Command(PD, positional=(3, 3)),
    "validate_system": Command(PD), "save_system": Command(PD, positional=(1, 1)),
}
COMPONENT: Mapping[str, Command] = {
    "set_module_property": Command(PD, positional=(2, 2)), "add_fileset": Command(PD, positional=(3, 3)),
    "set_fileset_property": Command(PD, positional=(3, 3)), "add_fileset_file": Command(PD, positional=(4, 5)),
    "add_interface": Command(PD, positional=(3, 3)), "set_interface_property": Command(PD, positional=(3, 3)),
    "add_interface_port": Command(PD, positional=(5, 5)),
}

ASSIGNMENTS = {"FAMILY", "DEVICE", "TOP_LEVEL_ENTITY", "PROJECT_OUTPUT_DIRECTORY", "NUM_PARALLEL_PROCESSORS",
               "OPTIMIZATION_MODE", "ENABLE_SIGNALTAP", "SYSTEMVERILOG_FILE", "VERILOG_FILE", "SDC_FILE", "QSYS_FILE"}
FAMILIES = {"Stratix 10": ("1SX280HN2F43E2VG",), "Arria 10": ("10AX115N2F40E2LG",)}


@dataclass(frozen=True)
class Kind:
    """An IP component: interfaces as name -> (type, must be used), parameters, the families it is for, its source."""

    source: str
    interfaces: Mapping[str, tuple[str, bool]]
    parameters: frozenset[str] = frozenset()
    families: tuple[str, ...] = ("Stratix 10", "Arria 10")


_PCIE = {"refclk": ("clock_sink", True), "hip_serial": ("conduit", True), "npor": ("conduit", True),
         "coreclkout_hip": ("clock_source", False), "app_nreset_status": ("reset_source", False),
         "rxm_bar0": ("master", True), "rxm_bar2": ("master", True), "rxm_irq": ("irq_receiver", True)}
_EMIF = {"pll_ref_clk": ("clock_sink", True), "mem": ("conduit", True), "oct": ("conduit", True),
         "ctrl_amm_0": ("slave", True), "emif_usr_clk": ("clock_source", False),
         "emif_usr_reset_n": ("reset_source", False)}


def _bars(prefix: str) -> frozenset[str]:
    return frozenset(f"{prefix}bar{n}_{name}_hwtcl" for n in range(6) for name in ("type", "address_width"))


def kinds(family: str) -> dict[str, Kind]:
    """Components there are in a family."""
    emif = dict(_EMIF)
    if family == "Arria 10":
        emif["global_reset_n"] = ("reset_sink", True)
    known = {
        "altera_pcie_s10_hip_avmm_bridge": Kind("UG-20033", {**_PCIE, "ninit_done": ("reset_sink", True)},
                                                frozenset({"wrala_hwtcl", "design_environment", "chosen_devkit_hwtcl",
                                                           "pll_refclk_freq_hwtcl", "dma_enabled_hwtcl"})
                                                | _bars("pf0_"), ("Stratix 10",)),
        "altera_pcie_a10_hip": Kind("UG-01145", _PCIE, frozenset({"wrala_hwtcl", "interface_type_hwtcl"}) | _bars(""),
                                    ("Arria 10",)),
        "altera_s10_user_rst_clkgate": Kind("AN 891", {"ninit_done": ("reset_source", True)}, families=("Stratix 10",)),
        "altera_iopll": Kind("UG-01155", {"refclk": ("clock_sink", True), "reset": ("reset_sink", True),
                                          "outclk0": ("clock_source", True), "locked": ("conduit", False)},
                             frozenset({"gui_reference_clock_frequency", "gui_number_of_clocks",
                                        "gui_output_clock_frequency0"})),
        "altera_reset_bridge": Kind(PD, {"clk": ("clock_sink", True), "in_reset": ("reset_sink", True),
                                         "out_reset": ("reset_source", True)},
                                    frozenset({"SYNCHRONOUS_EDGES", "ACTIVE_LOW_RESET"})),
        "altera_emif": Kind("UG-S10EMI, UG-A10EMI", emif, frozenset({"PROTOCOL_ENUM", "MEM_DDR4_DQ_WIDTH",
                                                                              "PHY_DDR4_MEM_CLK_FREQ_MHZ"})),
    }
    return {name: kind for name, kind in known.items() if family in kind.families}


PAIRS = {("clock_source", "clock_sink"), ("reset_source", "reset_sink"), ("master", "slave"),
         ("irq_receiver", "irq_sender")}
#: _hw.tcl's names of interface types -> ours.
TYPES = {("clock", "end"): "clock_sink", ("reset", "end"): "reset_sink", ("interrupt", "end"): "irq_sender",
         ("axi4lite", "end"): "slave", ("axi4", "start"): "master"}
INTERFACE_PROPERTIES = {"associatedClock", "associatedReset", "synchronousEdges", "associatedAddressablePoint"}


#: Commands of a tool's scripts; the tool that must have run before another (Quartus Prime Pro: command-line flow).
SCRIPTED = {"quartus_sh": PROJECT, "qsys-script": SYSTEM, "quartus_sta": TIMING}
ORDER = {"qsys-script": "quartus_sh", "quartus_ipgenerate": "qsys-script", "quartus_syn": "quartus_ipgenerate",
         "quartus_fit": "quartus_syn", "quartus_sta": "quartus_fit", "quartus_asm": "quartus_fit"}


@dataclass
class Component:
    """A component read from its _hw.tcl: interfaces, and its ports as name -> (direction, width)."""

    name: str = ""
    interfaces: dict[str, tuple[str, bool]] = field(default_factory=dict)
    ports: dict[str, tuple[str, int]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)

    def handle(self, call: Call) -> None:
        words = call.words
        if call.name == "set_module_property":
            if words[0] not in ("NAME", "VERSION", "DISPLAY_NAME", "EDITABLE"):
                raise Refused(f"no module property {words[0]}")
            self.name = words[1] if words[0] == "NAME" else self.name
        elif call.name == "add_fileset_file":
            self.files.append(words[0])
        elif call.name == "add_interface":
            kind = TYPES.get((words[1], words[2]))
            if kind is None:
                raise Refused(f"no interface type {words[1]} {words[2]}")
            self.interfaces[words[0]] = (kind, True)
        elif call.name in ("set_interface_property", "add_interface_port"):
            if words[0] not in self.interfaces:
                raise Refused(f"no interface {words[0]}")
            if call.name == "add_interface_port":
                self.ports[words[1]] = (words[3], int(words[4]))
            elif words[1] not in INTERFACE_PROPERTIES:
                raise Refused(f"no interface property {words[1]}")
            elif words[1].startswith("associated") and words[2] not in self.interfaces:
                raise Refused(f"no interface {words[2]}")


@dataclass
class Quartus(Tool):
    """The tools on one project folder; slack is what timing analysis finds, by analysis."""

    folder: Path
    slack: dict[str, float] = field(default_factory=dict)
    assignments: dict[str, list[str]] = field(default_factory=dict)
    project: bool = False
    instances: dict[str, Kind] = field(default_factory=dict)
    connections: dict[tuple[str, str], int | None] = field(default_factory=dict)
    exports: dict[str, str] = field(default_factory=dict)
    declared: dict[str, str] = field(default_factory=dict)
    family: str = ""
    validated: bool = False
    netlist: str = ""

    def build(self, fpga: Path) -> "Quartus":
        """The commands of a project's plan; of those without a script only the order is known. Raises Refused."""
        self.folder.mkdir(exist_ok=True)
        done = set()
        for step in plan(fpga):
            tool = step.command[0]
            if ORDER.get(tool, tool) not in {*done, tool}:
                raise Refused(f"{ORDER[tool]} has not been run before {tool}")
            done.add(tool)
            for word in step.command:
                if word.endswith(".tcl"):
                    self._run(SCRIPTED[tool], (self.folder / word.removeprefix("--script=")).resolve())
            if tool == "quartus_fit":
                self._run(SDC, fpga / "flow.sdc")
        return self

    def _run(self, commands: Mapping[str, Command], script: Path) -> None:
        interpreter = self.begin(commands, lambda call: getattr(self, f"do_{call.name}")(call))
        # the packages the tools have built in
        interpreter.tcl.eval("package provide ::quartus::project 1.0; package provide ::quartus::sta 1.0; "
                             "package provide qsys 19.1; interp alias {} foreach_in_collection {} foreach")
        interpreter.tcl.call("cd", str(self.folder))
        interpreter.run(script)

    # --- project

    def do_project_new(self, call: Call) -> None:
        self.project = True

    do_project_open = do_project_new

    def do_set_global_assignment(self, call: Call) -> None:
        if not self.project:
            raise Refused("no open project")
        name, value = call.options["-name"], call.words[0]
        if name not in ASSIGNMENTS:
            raise Refused(f"no assignment {name}")
        if name == "DEVICE" and value not in FAMILIES[self.assignments["FAMILY"][0]]:
            raise Refused(f"no device {value} in {self.assignments['FAMILY'][0]}")
        if name.endswith("_FILE") and name != "QSYS_FILE" and not (self.folder / value).is_file():
            raise Refused(f"no file {value}")
        self.assignments.setdefault(name, []).append(value)

    def do_post_message(self, call: Call) -> None:
        self.tcl.output.append(call.words[0])

    def do_export_assignments(self, call: Call) -> None:
        (self.folder / "flow.qsf").write_text("")

    def do_project_close(self, call: Call) -> None:
        self.project = False

    # --- Platform Designer

    def component(self, path: Path) -> Component:
        component = Component()
        interpreter = self.begin(COMPONENT, component.handle)
        interpreter.tcl.eval("package provide qsys 19.1")
        interpreter.run(path)
        return component

    def do_create_system(self, call: Call) -> None:
        self.instances.clear()

    def do_set_project_property(self, call: Call) -> None:
        name, value = call.words
        if name == "DEVICE_FAMILY" and value in FAMILIES:
            self.family = value
        elif name != "DEVICE" or value not in FAMILIES.get(self.family, ()):
            raise Refused(f"{name} cannot be {value}")

    def do_add_instance(self, call: Call) -> None:
        name, kind = call.words[:2]
        known = kinds(self.family)
        for path in self.folder.parent.glob("*_hw.tcl"):
            component = self.component(path)
            known[component.name] = Kind(path.name, component.interfaces)
            self.interpreters.append(self.interpreters.pop(-2))
        if kind not in known:
            raise Refused(f"{self.family} has no component {kind}")
        if name in self.instances:
            raise Refused(f"{name} exists")
        self.instances[name] = known[kind]

    def interface(self, path: str) -> tuple[str, bool]:
        instance, _, name = path.partition(".")
        if instance not in self.instances or name not in self.instances[instance].interfaces:
            raise Refused(f"no interface {path}")
        return self.instances[instance].interfaces[name]

    def do_set_instance_parameter_value(self, call: Call) -> None:
        instance, name, _ = call.words
        if instance not in self.instances:
            raise Refused(f"no instance {instance}")
        if name not in self.instances[instance].parameters:
            raise Refused(f"{instance} has no parameter {name}")

    def do_add_connection(self, call: Call) -> None:
        start, end = call.words
        pair = self.interface(start)[0], self.interface(end)[0]
        if pair not in PAIRS:
            raise Refused(f"{start} ({pair[0]}) cannot be connected to {end} ({pair[1]})")
        if pair[1] in ("clock_sink",) and any(other == end for _, other in self.connections):
            raise Refused(f"{end} has a clock already")
        self.connections[start, end] = None

    def do_set_connection_parameter_value(self, call: Call) -> None:
        path, name, value = call.words
        start, _, end = path.partition("/")
        if (start, end) not in self.connections:
            raise Refused(f"no connection {path}")
        if name != "baseAddress" or self.interface(start)[0] != "master":
            raise Refused(f"{path} has no parameter {name}")
        self.connections[start, end] = int(value, 0)

    def do_add_interface(self, call: Call) -> None:
        self.declared[call.words[0]] = f"{call.words[1]}_{call.words[2]}"

    def do_set_interface_property(self, call: Call) -> None:
        name, key, value = call.words
        if name not in self.declared or key != "EXPORT_OF":
            raise Refused(f"no interface {name} or property {key}")
        kind = self.interface(value)[0]
        if self.declared[name] != {"conduit": "conduit_end"}.get(kind, kind):
            raise Refused(f"{name} is {self.declared[name]}, {value} is {kind}")
        self.exports[value] = name

    def do_validate_system(self, call: Call) -> None:
        used = {name for pair in self.connections for name in pair} | set(self.exports)
        problems = [f"{instance}.{name} is not connected" for instance, kind in self.instances.items()
                    for name, (_, needed) in kind.interfaces.items() if needed and f"{instance}.{name}" not in used]
        bases: dict[str, dict[int, str]] = {}
        for (start, end), base in self.connections.items():
            if self.interface(start)[0] == "master":
                if base is None:
                    problems.append(f"{start} to {end} has no base address")
                elif base in bases.setdefault(start, {}):
                    problems.append(f"{end} and {bases[start][base]} are both at {base:#x} of {start}: they overlap")
                else:
                    bases[start][base] = end
        if problems:
            raise Refused("\n".join(problems))
        self.validated = True

    def do_save_system(self, call: Call) -> None:
        if not self.validated:
            raise Refused("the system is not validated")
        (self.folder / call.words[0]).write_text("")

    # --- timing

    def _netlist(self, wanted: str) -> None:
        if self.netlist not in wanted.split():
            raise Refused(f"the netlist is {self.netlist or 'not there'}")

    def do_create_timing_netlist(self, call: Call) -> None:
        if not self.project:
            raise Refused("no open project")
        self.netlist = "created"

    def do_read_sdc(self, call: Call) -> None:
        self._netlist("created")
        self.netlist = "constrained"

    def do_update_timing_netlist(self, call: Call) -> None:
        self._netlist("constrained updated")
        self.netlist = "updated"

    def do_delete_timing_netlist(self, call: Call) -> None:
        self._netlist("updated")
        self.netlist = ""

    def do_create_timing_summary(self, call: Call) -> None:
        self._netlist("updated")
        path = self.folder / call.options["-file"]
        path.parent.mkdir(exist_ok=True)
        path.write_text("")

    def do_get_available_operating_conditions(self, call: Call) -> list[str]:
        return ["slow_900mv_100c", "fast_900mv_0c"]

    def do_set_operating_conditions(self, call: Call) -> None:
        self.netlist = "constrained"

    def do_report_timing(self, call: Call) -> list[str]:
        self._netlist("updated")
        analysis = next(iter(call.flags)).lstrip("-")
        return ["1", str(self.slack.get(analysis, 0.05))]

    # --- constraints

    def do_create_clock(self, call: Call) -> None:
        if float(call.options["-period"]) <= 0:
            raise Refused("a period is above 0")

    def do_get_ports(self, call: Call) -> str:
        name = call.words[0]
        if name.removesuffix("_clk") not in self.exports.values():
            raise Refused(f"no port {name}")
        return name

    def do_get_registers(self, call: Call) -> str:
        return call.words[0]

    def do_derive_pll_clocks(self, call: Call) -> None:
        pass

    do_derive_clock_uncertainty = do_set_false_path = do_derive_pll_clocks


def wrapper_ports(text: str) -> dict[str, tuple[str, int]]:
    """Ports of the Verilog wrapper: name -> (direction, width)."""
    return {name: (direction.capitalize(), int(high) + 1 if high else 1) for direction, high, name in
            re.findall(r"(input|output)\s+wire\s+(?:\[(\d+):0\])?\s*(\w+)", text.split(");")[0])}
