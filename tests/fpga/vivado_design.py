"""The block design of the stand-in for Vivado: cells, nets, addresses, and what validation finds wrong with them."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.fpga.interpreter import Call, Refused, Tool
from tests.fpga.vivado_tables import AUTOMATION, BOARD_FILES, IPS, PORT_PROTOCOLS, Interface, Ip, Pin


@dataclass
class Cell:
    """A block of the design."""

    name: str
    ip: Ip | None
    pins: dict[str, Pin]
    interfaces: dict[str, Interface]
    properties: dict[str, str] = field(default_factory=dict)
    kind: str = ""


@dataclass(kw_only=True)
class BlockDesign(Tool):
    """drivers: of each sink; links: of interfaces, both ways; assigned, excluded: by address space."""

    project: Path | None = None
    properties: dict[tuple[str, str], str] = field(default_factory=dict)
    files: dict[str, list[Path]] = field(default_factory=dict)
    design: str = ""
    cells: dict[str, Cell] = field(default_factory=dict)
    ports: dict[str, Pin] = field(default_factory=dict)
    intf_ports: dict[str, Interface] = field(default_factory=dict)
    drivers: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    assigned: dict[str, list[tuple[int, int, str]]] = field(default_factory=dict)
    excluded: dict[str, set[str]] = field(default_factory=dict)
    validated: bool = False
    saved: bool = False
    generated: bool = False

    # --- objects are words "type:name"

    def objects(self, word: str, *types: str) -> list[str]:
        names = []
        for item in self.tcl.split(word):
            kind, _, name = item.partition(":")
            if kind not in types:
                raise Refused(f"{item!r} is no {' or '.join(types)}")
            names.append(name)
        if not names:
            raise Refused(f"no {' or '.join(types)} given")
        return names

    def one(self, word: str, *types: str) -> str:
        names = self.objects(word, *types)
        if len(names) != 1:
            raise Refused(f"{len(names)} objects where one is needed")
        return names[0]

    def need_design(self) -> None:
        if not self.design:
            raise Refused("no block design is open")

    def _board(self) -> object:
        part = self.properties.get(("project", "board_part"))
        if part is None:
            raise Refused("the project has no board")
        return BOARD_FILES[part]

    def _rebuild(self, cell: Cell) -> None:
        if cell.ip is not None:
            cell.pins, cell.interfaces = cell.ip.build(cell.properties)

    # --- cells and nets

    def do_get_ipdefs(self, call: Call) -> list[str]:
        names = [f"xilinx.com:ip:{name}:{ip.version}" for name, ip in IPS.items()]
        return [name for name in names if fnmatch.fnmatch(name, call.words[0])]

    def do_create_bd_design(self, call: Call) -> None:
        if self.design:
            raise Refused("a block design is open already")
        self.design = call.words[0]

    def do_create_bd_cell(self, call: Call) -> str:
        self.need_design()
        name = call.words[0]
        if name in self.cells:
            raise Refused(f"{name} exists")
        if call.options["-type"] == "ip":
            match = re.fullmatch(r"xilinx\.com:ip:(\w+):([\d.]+)", call.options.get("-vlnv", ""))
            if match is None or match[1] not in IPS or IPS[match[1]].version != match[2]:
                raise Refused(f"no IP {call.options.get('-vlnv')}")
            ip = IPS[match[1]]
            cell = Cell(name, ip, {}, {}, kind=match[1])
            self._rebuild(cell)
        elif call.options["-type"] == "module":
            cell = self._module(name, call.options.get("-reference", ""))
        else:
            raise Refused(f"no type {call.options['-type']}")
        self.cells[name] = cell
        return f"cell:{name}"

    def _module(self, name: str, reference: str) -> Cell:
        source = next((path for path in self.files.get("sources_1", []) if path.stem == reference), None)
        if source is None:
            raise Refused(f"module {reference} is in no source file")
        if source.suffix != ".v":
            raise Refused(f"{source.name}: a module reference must be Verilog or VHDL")
        pins, interfaces = module_ports(source.read_text())
        return Cell(name, None, pins, interfaces, kind="module")

    def do_create_bd_port(self, call: Call) -> str:
        self.need_design()
        kind = {"rst": "rst_low", "clk": "clk"}.get(call.options.get("-type", ""), "data")
        # seen from inside, an input drives
        self.ports[call.words[0]] = Pin("O" if call.options["-dir"] == "I" else "I", kind)
        return f"port:{call.words[0]}"

    def do_create_bd_intf_port(self, call: Call) -> str:
        self.need_design()
        protocol = PORT_PROTOCOLS.get(call.options["-vlnv"])
        if protocol is None:
            raise Refused(f"no interface type {call.options['-vlnv']}")
        if call.options["-mode"] not in ("Master", "Slave"):
            raise Refused(f"no mode {call.options['-mode']}")
        if call.words[0] in self.intf_ports:
            raise Refused(f"{call.words[0]} exists")
        inside = "Master" if call.options["-mode"] == "Slave" else "Slave"
        self.intf_ports[call.words[0]] = Interface(inside, protocol)
        return f"intf_port:{call.words[0]}"

    def do_get_bd_cells(self, call: Call) -> list[str]:
        return [f"cell:{name}" for name in self.cells if fnmatch.fnmatch(name, call.words[0].lstrip("/"))]

    def do_get_bd_ports(self, call: Call) -> list[str]:
        return [f"port:{name}" for name in self.ports if fnmatch.fnmatch(name, call.words[0])]

    def do_get_bd_intf_ports(self, call: Call) -> list[str]:
        return [f"intf_port:{name}" for name in self.intf_ports if fnmatch.fnmatch(name, call.words[0])]

    def do_get_bd_pins(self, call: Call) -> list[str]:
        return [f"pin:{cell.name}/{name}" for cell in self.cells.values() for name in cell.pins
                if fnmatch.fnmatch(f"{cell.name}/{name}", call.words[0].lstrip("/"))]

    def do_get_bd_intf_pins(self, call: Call) -> list[str]:
        return [f"intf_pin:{cell.name}/{name}" for cell in self.cells.values() for name in cell.interfaces
                if fnmatch.fnmatch(f"{cell.name}/{name}", call.words[0].lstrip("/"))]

    def pin(self, name: str) -> Pin:
        cell, _, pin = name.rpartition("/")
        return self.cells[cell].pins[pin] if cell else self.ports[name]

    def interface(self, name: str) -> Interface:
        cell, _, pin = name.rpartition("/")
        return self.cells[cell].interfaces[pin] if cell else self.intf_ports[name]

    def do_connect_bd_net(self, call: Call) -> None:
        self.need_design()
        names = [name for word in call.words for name in self.objects(word, "pin", "port")]
        driving = [name for name in names if self.pin(name).direction == "O"]
        sinks = [name for name in names if self.pin(name).direction == "I"]
        if len(driving) > 1:
            raise Refused(f"two drivers: {', '.join(driving)}")
        if not driving or not sinks:
            raise Refused(f"{', '.join(names)}: a driver and a sink are needed")
        for sink in sinks:
            if self.drivers.get(sink, driving[0]) != driving[0]:
                raise Refused(f"{sink} is driven by {self.drivers[sink]} already")
            ours, theirs = self.pin(driving[0]), self.pin(sink)
            if (ours.kind == "clk") != (theirs.kind == "clk"):
                raise Refused(f"{driving[0]} ({ours.kind}) cannot drive {sink} ({theirs.kind})")
            if theirs.width and ours.width != theirs.width:
                raise Refused(f"{driving[0]} is {ours.width} wide, {sink} {theirs.width}")
            self.drivers[sink] = driving[0]

    def do_connect_bd_intf_net(self, call: Call) -> None:
        self.need_design()
        names = [self.one(word, "intf_pin", "intf_port") for word in call.words]
        one, other = (self.interface(name) for name in names)
        if one.protocol != other.protocol:
            raise Refused(f"{names[0]} is {one.protocol}, {names[1]} is {other.protocol}")
        if one.mode == other.mode:
            raise Refused(f"{names[0]} and {names[1]} are both {one.mode}")
        for name in names:
            if name in self.links:
                raise Refused(f"{name} is connected to {self.links[name]} already")
        self.links[names[0]], self.links[names[1]] = names[1], names[0]

    def do_apply_bd_automation(self, call: Call) -> None:
        cell = self.cells[self.one(call.words[0], "cell")]
        rule = AUTOMATION.get(call.options["-rule"])
        if rule is None or rule[0] != cell.kind:
            raise Refused(f"no rule {call.options['-rule']} for {cell.name}")
        words = self.tcl.split(call.options["-config"])
        unknown = set(words[::2]) - set(rule[1])
        if unknown:
            raise Refused(f"the rule has no option {', '.join(sorted(unknown))}")
        assert cell.ip is not None
        self._board()
        cell.properties.update(cell.ip.presets)
        self._rebuild(cell)
        if "make_external" in words:
            for name in words[words.index("make_external") + 1].replace(",", " ").split():
                self.intf_ports[name] = Interface("Slave", cell.interfaces[name].protocol)
                self.links[name], self.links[f"{cell.name}/{name}"] = f"{cell.name}/{name}", name

    # --- addresses

    def do_get_bd_addr_spaces(self, call: Call) -> str:
        name = self.one(call.options["-of_objects"], "intf_pin")
        interface = self.interface(name)
        if interface.mode != "Master" or interface.protocol != "aximm":
            raise Refused(f"{name} has no address space")
        return f"space:{name}"

    def do_get_bd_addr_segs(self, call: Call) -> list[str]:
        name = self.one(call.options["-of_objects"], "intf_pin")
        return [f"segment:{name}/{segment}" for segment, _ in self.interface(name).segments]

    def do_assign_bd_address(self, call: Call) -> None:
        space = self.one(call.options["-target_address_space"], "space")
        segment = self.one(call.words[0], "segment")
        slave, _, block = segment.rpartition("/")
        offset, size = (int(call.options[name], 0) for name in ("-offset", "-range"))
        if size < 4096 or size & (size - 1):
            raise Refused(f"range {size:#x} is no power of two of 4 KiB or more")
        if offset % size:
            raise Refused(f"offset {offset:#x} is not aligned to the range {size:#x}")
        if size > dict(self.interface(slave).segments)[block]:
            raise Refused(f"{segment} is smaller than {size:#x}")
        if slave not in self.reachable(space):
            raise Refused(f"no path from {space} to {slave}")
        for start, length, other in self.assigned.setdefault(space, []):
            if offset < start + length and start < offset + size:
                raise Refused(f"{segment} at {offset:#x} overlaps {other} at {start:#x} in {space}")
        for other_space, entries in self.assigned.items():
            for start, _, other in entries:
                if other == segment and start != offset and self._share(space, other_space):
                    raise Refused(f"{segment} is at {start:#x} in {other_space}, at {offset:#x} in {space}")
        self.assigned[space].append((offset, size, segment))

    def _share(self, one: str, other: str) -> bool:
        """Whether two masters meet in one interconnect."""
        return bool(self._buses(one) & self._buses(other))

    def _buses(self, master: str) -> set[str]:
        found: set[str] = set()
        todo = [self.links.get(master, "")]
        while todo:
            cell = self.cells.get(todo.pop().rpartition("/")[0])
            if cell is not None and cell.kind == "smartconnect" and cell.name not in found:
                found.add(cell.name)
                todo += [self.links.get(f"{cell.name}/{name}", "") for name, entry in cell.interfaces.items()
                         if entry.mode == "Master"]
        return found

    def do_exclude_bd_addr_seg(self, call: Call) -> None:
        space = self.one(call.options["-target_address_space"], "space")
        self.excluded.setdefault(space, set()).add(self.one(call.words[0], "segment"))

    def reachable(self, master: str) -> set[str]:
        """Slave interfaces with segments at the ends of the paths from a master."""
        found: set[str] = set()
        ends = [self.links.get(master, "")]
        for bus in self._buses(master):
            ends += [self.links.get(f"{bus}/{name}", "") for name, entry in self.cells[bus].interfaces.items()
                     if entry.mode == "Master"]
        for end in ends:
            if end and self.interface(end).segments:
                found.add(end)
        return found

    # --- the checks of validate_bd_design

    def do_validate_bd_design(self, call: Call) -> None:
        self.need_design()
        problems = list(self.problems())
        if problems:
            raise Refused("\n".join(problems))
        self.validated = True

    def clock_of(self, cell: Cell, name: str) -> str:
        path = f"{cell.name}/{name}"
        return self.drivers.get(path, "") if cell.pins[name].direction == "I" else path

    def clocks(self, name: str) -> set[str]:
        """Drivers of the clocks an interface can run on."""
        cell = self.cells[name.rpartition("/")[0]]
        interface = self.interface(name)
        names = [pin for pin, entry in cell.pins.items() if entry.kind == "clk"] if interface.clock == "*" else [
            interface.clock]
        return {self.clock_of(cell, pin) for pin in names}

    def problems(self) -> Iterator[str]:
        for cell in self.cells.values():
            for name, pin in cell.pins.items():
                path = f"{cell.name}/{name}"
                if pin.direction == "I" and (pin.required or pin.kind == "clk") and path not in self.drivers:
                    yield f"{path} is not connected"
            for name, interface in cell.interfaces.items():
                path = f"{cell.name}/{name}"
                if path not in self.links:
                    if interface.required:
                        yield f"{path} is not connected"
                elif interface.protocol == "aximm":
                    peer = self.links[path]
                    if interface.mode == "Master" and not self.clocks(path) & self.clocks(peer):
                        yield f"{path} and {peer} have no clock in common"
        for name, interface in self.intf_ports.items():
            if name not in self.links and interface.required:
                yield f"port {name} is not connected"
        yield from self._reset_problems()
        for name, cell in self.cells.items():
            if cell.kind in ("smartconnect",):
                continue
            for intf, entry in cell.interfaces.items():
                if entry.mode == "Master" and entry.protocol == "aximm":
                    yield from self._address_problems(f"{name}/{intf}")

    def _reset_problems(self) -> Iterator[str]:
        for sink, driver in self.drivers.items():
            ours, theirs = self.pin(driver), self.pin(sink)
            if theirs.kind.startswith("rst") and ours.kind.startswith("rst"):
                if ours.kind != theirs.kind:
                    yield f"{driver} is {ours.kind}, {sink} is {theirs.kind}"
                if ours.clock and theirs.clock:
                    source, target = (self.cells[name.rpartition("/")[0]] for name in (driver, sink))
                    if self.clock_of(source, ours.clock) != self.clock_of(target, theirs.clock):
                        yield f"{sink} is reset by {driver}, of another clock"

    def _address_problems(self, space: str) -> Iterator[str]:
        given = {segment for _, _, segment in self.assigned.get(space, [])} | self.excluded.get(space, set())
        for slave in sorted(self.reachable(space)):
            for block, _ in self.interface(slave).segments:
                if f"{slave}/{block}" not in given:
                    yield f"{slave}/{block} has no address in {space}"

    def do_save_bd_design(self, call: Call) -> None:
        self.need_design()
        self.saved = True

    def do_generate_target(self, call: Call) -> None:
        if call.words[0] != "all":
            raise Refused(f"no target {call.words[0]}")
        self.one(call.words[1], "file")
        if not self.validated:
            raise Refused("the block design is not validated")
        self.generated = True

    def do_make_wrapper(self, call: Call) -> str:
        self.one(call.options["-files"], "file")
        if "-top" not in call.flags:
            raise Refused("-top is missing")
        assert self.project is not None
        path = self.project.parent / "flow.gen" / f"{self.design}_wrapper.v"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
        return str(path)


def module_ports(text: str) -> tuple[dict[str, Pin], dict[str, Interface]]:
    """Pins and interfaces of a Verilog module, inferred from names and attributes as Vivado does."""
    pins: dict[str, Pin] = {}
    interfaces: dict[str, Interface] = {}
    kinds = {name: kind for kind, name in re.findall(
        r'X_INTERFACE_INFO = "xilinx.com:signal:(clock|reset):1.0 (\w+) ', text)}
    clocks: dict[str, str] = {}
    parameter = re.search(r'ASSOCIATED_BUSIF ([\w:]+), ASSOCIATED_RESET (\w+)"[^;]*?input\s+wire\s+(\w+)', text, re.S)
    reset_clock = ""
    if parameter:
        clocks = dict.fromkeys(parameter[1].split(":"), parameter[3])
        reset_clock = parameter[3]
    for direction, high, name in re.findall(r"(input|output)\s+wire\s+(?:\[(\d+):0\])?\s*(\w+)", text.split(");")[0]):
        bus = re.fullmatch(r"([sm]\w*_axil?|s_axil)_\w+", name)
        if bus:
            prefix = bus[1]
            master = prefix.startswith("m")
            interfaces[prefix] = Interface("Master" if master else "Slave", "aximm", clocks.get(prefix, ""),
                                           segments=() if master else (("reg0", 4 << 30),))
        else:
            kind = {"clock": "clk", "reset": "rst_low"}.get(kinds.get(name, ""), "data")
            width = int(high) + 1 if high else 1
            pins[name] = Pin("I" if direction == "input" else "O", kind, width, required=True,
                             clock=reset_clock if kind == "rst_low" else "")
    return pins, interfaces
