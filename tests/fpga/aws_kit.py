"""A stand-in for AWS's development kit (aws-fpga, branch f2): its folders, and the commands its scripts give ours."""

from __future__ import annotations

from pathlib import Path

from tests.fpga.interpreter import Call, Command, Refused, Tool

UG835 = "UG835 Vivado Design Suite Tcl Command Reference Guide"
COMMANDS = {
    "read_verilog": Command(UG835, flags=("-sv",), positional=(1, 1)),
    "read_ip": Command(UG835, positional=(1, 1)),
    "read_xdc": Command(UG835, positional=(1, 1)),
    "get_files": Command(UG835, positional=(1, 1)),
    "set_property": Command(UG835, positional=(3, 3)),
    "add_files": Command(UG835, positional=(1, 1)),
    "update_compile_order": Command(UG835, ("-fileset",)),
    "synth_design": Command(UG835, ("-mode", "-top", "-verilog_define", "-part"), ("-keep_equivalent_registers",),
                            ("-top", "-part")),
}
#: Files of the kit that the scripts read, below its folders.
KIT_FILES = {"ip": ("cl_hbm_mmcm/cl_hbm_mmcm.xci", "cl_hbm/cl_hbm.xci"), "bd": ("cl_axi_sc_1x1/cl_axi_sc_1x1.bd",),
             "gen": ("cl_axi_sc_1x1/hdl/cl_axi_sc_1x1_wrapper.v",)}


class Kit(Tool):
    """The kit's variables and folders, and what was read. The custom logic's files are where its scripts put them."""

    def __init__(self, fpga: Path, folder: Path) -> None:
        super().__init__()
        self.read: list[str] = []
        self.top = ""
        scripts = folder / "shell" / "build" / "scripts"
        scripts.mkdir(parents=True)
        for name in ("synth_cl_header", "synth_cl_footer"):
            (scripts / f"{name}.tcl").write_text("")
        for place, names in KIT_FILES.items():
            for name in names:
                (folder / place / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / place / name).write_text("")
        design = folder / "design"
        design.mkdir()
        for path in (*(fpga.parent / "rtl").iterdir(), *(fpga / "aws_f2").iterdir(),
                     *(fpga / "cl_flow" / "design").iterdir()):
            (design / path.name).write_bytes(path.read_bytes())
        (design / "cl_hbm_wrapper.sv").write_text("")
        (fpga / "cl_flow" / "build" / "scripts" / "flow_config.tcl").write_bytes((fpga / "config.tcl").read_bytes())
        interpreter = self.begin(COMMANDS, self.handle)
        self.script = fpga / "cl_flow" / "build" / "scripts" / "synth_cl_flow.tcl"
        for name, value in {"HDK_SHELL_DIR": folder / "shell", "HDK_IP_SRC_DIR": folder / "ip",
                            "HDK_BD_SRC_DIR": folder / "bd", "HDK_BD_GEN_DIR": folder / "gen", "CL": "cl_flow",
                            "src_post_enc_dir": design, "DEVICE_TYPE": "xcvu47p-fsvh2892-2-e",
                            "constraints_dir": fpga / "cl_flow" / "build" / "constraints"}.items():
            interpreter.tcl.setvar(name, str(value))

    def build(self) -> "Kit":
        """The script of the project. Raises Refused."""
        self.tcl.run(self.script)
        return self

    def handle(self, call: Call) -> object:
        if call.name in ("read_verilog", "read_ip", "read_xdc", "add_files"):
            for name in self.tcl.split(call.words[0]):
                if not Path(name).is_file():
                    raise Refused(f"no file {name}")
                self.read.append(Path(name).name)
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
