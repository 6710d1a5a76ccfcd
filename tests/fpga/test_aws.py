"""The AWS F2 skeleton's script on a stand-in for Vivado in AWS's development kit (aws-fpga, branch f2)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fpga.interpreter import Call, Command, Interpreter, Refused, command_lines
from tests.fpga.projects import make

UG835 = "UG835 Vivado Design Suite Tcl Command Reference Guide"
COMMANDS = {
    "read_verilog": Command(UG835, flags=("-sv",), positional=(1, 1)),
    "read_ip": Command(UG835, positional=(1, 1)),
    "read_xdc": Command(UG835, positional=(1, 1)),
    "get_files": Command(UG835, positional=(1, 1)),
    "set_property": Command(UG835, positional=(3, 3)),
    "update_compile_order": Command(UG835, ("-fileset",)),
    "synth_design": Command(UG835, ("-mode", "-top", "-verilog_define", "-part"), ("-keep_equivalent_registers",),
                            ("-top", "-part")),
}
#: IP blocks of the kit's folder of IP.
KIT_IP = ("cl_hbm_mmcm", "cl_hbm")


class Kit:
    """The kit's variables and folders, and what was read."""

    def __init__(self, fpga: Path, folder: Path) -> None:
        self.read: set[str] = set()
        self.top = ""
        scripts = folder / "shell" / "build" / "scripts"
        scripts.mkdir(parents=True)
        for name in ("synth_cl_header", "synth_cl_footer"):
            (scripts / f"{name}.tcl").write_text("")
        for name in KIT_IP:
            (folder / "ip" / name).mkdir(parents=True)
            (folder / "ip" / name / f"{name}.xci").write_text("")
        self.interpreter = Interpreter(COMMANDS, self.handle)
        for name, value in {"HDK_SHELL_DIR": folder / "shell", "HDK_IP_SRC_DIR": folder / "ip", "CL": "cl_flow",
                            "src_post_enc_dir": fpga / "design", "constraints_dir": fpga / "build" / "constraints",
                            "DEVICE_TYPE": "xcvu47p-fsvh2892-2-e"}.items():
            self.interpreter.tcl.setvar(name, str(value))

    def handle(self, call: Call) -> object:
        if call.name in ("read_verilog", "read_ip", "read_xdc"):
            for name in self.interpreter.split(call.words[0]):
                if not Path(name).is_file():
                    raise Refused(f"no file {name}")
                self.read.add(Path(name).name)
        elif call.name == "get_files":
            if call.words[0] not in self.read:
                raise Refused(f"no file {call.words[0]}")
            return [call.words[0]]
        elif call.name == "set_property" and call.words[:2] != ["PROCESSING_ORDER", "LATE"]:
            raise Refused(f"no property {call.words[0]}")
        elif call.name == "synth_design":
            if f"{call.options['-top']}.sv" not in self.read:
                raise Refused(f"no module {call.options['-top']}")
            self.top = call.options["-top"]
        return None


def test_script(tmp_path: Path) -> None:
    fpga = make("aws-f2", tmp_path / "aws-f2")
    kit = Kit(fpga, tmp_path / "kit")
    script = fpga / "build" / "scripts" / "synth_cl_flow.tcl"
    kit.interpreter.run(script)
    assert kit.top == "cl_flow" and command_lines(script) <= kit.interpreter.ran[script.resolve()]


@pytest.mark.parametrize(("good", "bad", "message"), [
    ("cl_hbm_mmcm/cl_hbm_mmcm.xci", "cl_hbm_pll/cl_hbm_pll.xci", "no file"),
    ("PROCESSING_ORDER LATE", "PROCESSING LATE", "no property"),
    ("read_verilog -sv", "read_verilog -systemverilog", "unknown option"),
    ("-top ${CL}", "-top ${CL}_top", "no module"),
])
def test_a_planted_mistake_is_caught(good: str, bad: str, message: str, tmp_path: Path) -> None:
    fpga = make("aws-f2", tmp_path / "aws-f2")
    script = fpga / "build" / "scripts" / "synth_cl_flow.tcl"
    script.write_text(script.read_text().replace(good, bad))
    with pytest.raises(Refused, match=message):
        Kit(fpga, tmp_path / "kit").interpreter.run(script)
