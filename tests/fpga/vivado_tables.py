"""What the stand-in for Vivado knows: commands, IP blocks, their pins, interfaces and properties, boards.

Each entry names the public document it was taken from. UG835 is the Tcl command reference, UG994 the IP
integrator's guide, UG912 the property reference, UG908 the programming guide, UG904 the implementation guide; PG and PB
numbers are the IPs' product guides and briefs; "board store" is the public
repository of board files.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.fpga.interpreter import Command

Check = Callable[[str], bool]


def one_of(*values: str) -> Check:
    return lambda value: value in values


def number(low: float, high: float) -> Check:
    def check(value: str) -> bool:
        try:
            return low <= float(value) <= high
        except ValueError:
            return False
    return check


def anything(value: str) -> bool:
    return bool(value)


BOOLEAN = one_of("true", "false", "0", "1")

UG835 = "UG835 Vivado Design Suite Tcl Command Reference Guide"

COMMANDS: Mapping[str, Command] = {
    "create_project": Command(UG835, ("-part",), ("-force", "-in_memory"), ("-part",), (0, 2)),
    "open_project": Command(UG835, positional=(1, 1)),
    "close_project": Command(UG835),
    "current_project": Command(UG835),
    "current_design": Command(UG835),
    "get_filesets": Command(UG835, positional=(1, 1)),
    "get_files": Command(UG835, positional=(1, 1)),
    "get_runs": Command(UG835, positional=(1, 1)),
    "set_property": Command(UG835, flags=("-dict",), positional=(2, 3)),
    "get_property": Command(UG835, positional=(2, 2)),
    "add_files": Command(UG835, ("-fileset",), ("-norecurse",), positional=(1, 1)),
    "update_compile_order": Command(UG835, ("-fileset",)),
    "get_ipdefs": Command(UG835, positional=(0, 1)),
    "create_bd_design": Command(UG835, positional=(1, 1)),
    "create_bd_cell": Command(UG835, ("-type", "-vlnv", "-reference"), (), ("-type",), (1, 1)),
    "create_bd_port": Command(UG835, ("-dir", "-type", "-from", "-to"), (), ("-dir",), (1, 1)),
    "create_bd_intf_port": Command(UG835, ("-mode", "-vlnv"), (), ("-mode", "-vlnv"), (1, 1)),
    "get_bd_cells": Command(UG835, flags=("-quiet",), positional=(1, 1)),
    "get_bd_ports": Command(UG835, flags=("-quiet",), positional=(1, 1)),
    "get_bd_pins": Command(UG835, flags=("-quiet",), positional=(1, 1)),
    "get_bd_intf_ports": Command(UG835, flags=("-quiet",), positional=(1, 1)),
    "get_bd_intf_pins": Command(UG835, flags=("-quiet",), positional=(1, 1)),
    "connect_bd_net": Command(UG835, ("-net",), positional=(2, 99)),
    "connect_bd_intf_net": Command(UG835, ("-intf_net",), positional=(2, 2)),
    "apply_bd_automation": Command(UG835, ("-rule", "-config"), (), ("-rule", "-config"), (1, 1)),
    "get_bd_addr_spaces": Command(UG835, ("-of_objects",), required=("-of_objects",)),
    "get_bd_addr_segs": Command(UG835, ("-of_objects",), required=("-of_objects",)),
    "assign_bd_address": Command(UG835, ("-offset", "-range", "-target_address_space"), ("-force",),
                                 ("-offset", "-range", "-target_address_space"), (1, 1)),
    "exclude_bd_addr_seg": Command(UG835, ("-target_address_space",), required=("-target_address_space",),
                                   positional=(1, 1)),
    "validate_bd_design": Command(UG835),
    "save_bd_design": Command(UG835),
    "generate_target": Command(UG835, positional=(2, 2)),
    "make_wrapper": Command(UG835, ("-files",), ("-top", "-import"), ("-files",)),
    "reset_run": Command(UG835, positional=(1, 1)),
    "launch_runs": Command(UG835, ("-to_step", "-jobs"), positional=(1, 1)),
    "wait_on_run": Command(UG835, ("-timeout",), positional=(1, 1)),
    "open_run": Command(UG835, ("-name",), positional=(1, 1)),
    "report_utilization": Command(UG835, ("-file",), ("-hierarchical",)),
    "report_timing_summary": Command(UG835, ("-file",)),
    "report_drc": Command(UG835, ("-file",)),
    "report_power": Command(UG835, ("-file",)),
    "write_cfgmem": Command(UG835, ("-format", "-size", "-interface", "-loadbit", "-file"), ("-force",),
                            ("-format", "-size", "-interface", "-loadbit", "-file")),
    "write_hw_platform": Command(UG835, ("-file",), ("-fixed", "-include_bit", "-force"), ("-file",)),
    "create_pblock": Command(UG835, positional=(1, 1)),
    "get_pblocks": Command(UG835, positional=(1, 1)),
    "resize_pblock": Command(UG835, ("-add",), required=("-add",), positional=(1, 1)),
    "add_cells_to_pblock": Command(UG835, positional=(2, 2)),
    "get_cells": Command(UG835, ("-filter",), ("-hierarchical",), ("-filter",)),
    "get_pins": Command(UG835, ("-filter",), ("-hierarchical",), ("-filter",)),
    "set_false_path": Command(UG835, ("-to", "-from")),
}


@dataclass(frozen=True)
class Pin:
    """direction I or O; kind clk, rst_low, rst_high, or data; ``frequency`` in MHz of a clock output, if it is fixed;
    ``clock`` the cell's clock pin a reset output belongs to."""

    direction: str
    kind: str
    width: int = 1
    required: bool = False
    frequency: float = 0.0
    clock: str = ""


@dataclass(frozen=True)
class Interface:
    """mode Master or Slave; protocol; clock pin of the cell it runs on ("*" any, "" none); ``segments`` of a slave:
    name and size in bytes; masters have an address space."""

    mode: str
    protocol: str
    clock: str = ""
    required: bool = True
    segments: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class Ip:
    """An IP block. ``build`` gives pins and interfaces for the properties set so far."""

    version: str
    source: str
    properties: Mapping[str, Check]
    build: Callable[[Mapping[str, str]], tuple[dict[str, Pin], dict[str, Interface]]]
    presets: Mapping[str, str] = field(default_factory=dict)


def _xdma(p: Mapping[str, str]) -> tuple[dict[str, Pin], dict[str, Interface]]:
    lite = p.get("axilite_master_en") in ("true", "1")
    pins = {"sys_clk": Pin("I", "clk", required=True), "sys_clk_gt": Pin("I", "clk", required=True),
            "sys_rst_n": Pin("I", "rst_low", required=True), "axi_aclk": Pin("O", "clk", frequency=250.0),
            "axi_aresetn": Pin("O", "rst_low", clock="axi_aclk"),
            "usr_irq_req": Pin("I", "data", int(p.get("xdma_num_usr_irq", "1")), required=True),
            "usr_irq_ack": Pin("O", "data", int(p.get("xdma_num_usr_irq", "1"))), "user_lnk_up": Pin("O", "data")}
    interfaces = {"pcie_mgt": Interface("Master", "pcie_7x_mgt"), "M_AXI": Interface("Master", "aximm", "axi_aclk")}
    if lite:
        interfaces["M_AXI_LITE"] = Interface("Master", "aximm", "axi_aclk")
    return pins, interfaces


def _ddr4(p: Mapping[str, str]) -> tuple[dict[str, Pin], dict[str, Interface]]:
    pins = {"sys_rst": Pin("I", "rst_high", required=True), "c0_ddr4_ui_clk": Pin("O", "clk", frequency=300.0),
            "c0_ddr4_ui_clk_sync_rst": Pin("O", "rst_high", clock="c0_ddr4_ui_clk"),
            "c0_ddr4_aresetn": Pin("I", "rst_low", required=True, clock="c0_ddr4_ui_clk"),
            "c0_init_calib_complete": Pin("O", "data")}
    interfaces = {"C0_SYS_CLK": Interface("Slave", "diff_clock"), "C0_DDR4": Interface("Master", "ddr4"),
                  "C0_DDR4_S_AXI": Interface("Slave", "aximm", "c0_ddr4_ui_clk",
                                             segments=(("C0_DDR4_ADDRESS_BLOCK", 16 << 30),))}
    if p.get("C0_DDR4_BOARD_INTERFACE", "").startswith("ddr4_sdram_c"):  # registered modules with ECC
        interfaces["C0_DDR4_S_AXI_CTRL"] = Interface("Slave", "aximm", "c0_ddr4_ui_clk",
                                                     segments=(("C0_REG", 1 << 20),))
    return pins, interfaces


def _smartconnect(p: Mapping[str, str]) -> tuple[dict[str, Pin], dict[str, Interface]]:
    clocks = int(p.get("NUM_CLKS", "1"))
    pins = {"aclk" + (str(n) if n else ""): Pin("I", "clk", required=True) for n in range(clocks)}
    pins["aresetn"] = Pin("I", "rst_low", required=True, clock="aclk")
    interfaces = {f"S{n:02d}_AXI": Interface("Slave", "aximm", "*") for n in range(int(p.get("NUM_SI", "1")))}
    interfaces |= {f"M{n:02d}_AXI": Interface("Master", "aximm", "*") for n in range(int(p.get("NUM_MI", "1")))}
    return pins, interfaces


def _reset(p: Mapping[str, str]) -> tuple[dict[str, Pin], dict[str, Interface]]:
    high = p.get("C_EXT_RESET_HIGH", "0") == "1"
    clock = "slowest_sync_clk"
    return {"slowest_sync_clk": Pin("I", "clk", required=True),
            "ext_reset_in": Pin("I", "rst_high" if high else "rst_low", required=True),
            "aux_reset_in": Pin("I", "rst_low"), "mb_debug_sys_rst": Pin("I", "rst_high"),
            "dcm_locked": Pin("I", "data"),
            "mb_reset": Pin("O", "rst_high", clock=clock), "bus_struct_reset": Pin("O", "rst_high", clock=clock),
            "peripheral_reset": Pin("O", "rst_high", clock=clock),
            "interconnect_aresetn": Pin("O", "rst_low", clock=clock),
            "peripheral_aresetn": Pin("O", "rst_low", clock=clock)}, {}


def _clk_wiz(p: Mapping[str, str]) -> tuple[dict[str, Pin], dict[str, Interface]]:
    pins = {"clk_in1": Pin("I", "clk", required=True),
            "clk_out1": Pin("O", "clk", frequency=float(p.get("CLKOUT1_REQUESTED_OUT_FREQ", "100")))}
    if p.get("USE_LOCKED", "true") in ("true", "1"):
        pins["locked"] = Pin("O", "data")
    if p.get("USE_RESET", "true") in ("true", "1"):
        low = p.get("RESET_TYPE", "ACTIVE_HIGH") == "ACTIVE_LOW"
        name = p.get("RESET_PORT", "resetn" if low else "reset")
        pins[name] = Pin("I", "rst_low" if low else "rst_high", required=True)
    return pins, {}


def _buffer(p: Mapping[str, str]) -> tuple[dict[str, Pin], dict[str, Interface]]:
    pins = {"IBUF_OUT": Pin("O", "clk", frequency=100.0)}
    if p.get("C_BUF_TYPE") == "IBUFDSGTE":
        pins["IBUF_DS_ODIV2"] = Pin("O", "clk", frequency=100.0)
    return pins, {"CLK_IN_D": Interface("Slave", "diff_clock")}


def _vector(p: Mapping[str, str]) -> tuple[dict[str, Pin], dict[str, Interface]]:
    width = int(p.get("C_SIZE", "8"))
    pins = {"Op1": Pin("I", "data", width, required=True), "Res": Pin("O", "data", width)}
    if p.get("C_OPERATION", "and") != "not":
        pins["Op2"] = Pin("I", "data", width, required=True)
    return pins, {}


def _mpsoc(p: Mapping[str, str]) -> tuple[dict[str, Pin], dict[str, Interface]]:
    pins, interfaces = {}, {}
    if p.get("PSU__FPGA_PL0_ENABLE", "0") == "1":
        pins["pl_clk0"] = Pin("O", "clk", frequency=float(p.get("PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ", "100")))
    pins["pl_resetn0"] = Pin("O", "rst_low")
    if p.get("PSU__USE__IRQ0", "0") == "1":
        pins["pl_ps_irq0"] = Pin("I", "data", 0)
    for n in range(3):
        name = ("HPM0_FPD", "HPM1_FPD", "HPM0_LPD")[n]
        if p.get(f"PSU__USE__M_AXI_GP{n}", "0") == "1":
            pins[f"maxi{name.lower()}_aclk"] = Pin("I", "clk", required=True)
            interfaces[f"M_AXI_{name}"] = Interface("Master", "aximm", f"maxi{name.lower()}_aclk")
    for n in range(4):
        if p.get(f"PSU__USE__S_AXI_GP{n + 2}", "0") == "1":
            pins[f"saxihp{n}_fpd_aclk"] = Pin("I", "clk", required=True)
            interfaces[f"S_AXI_HP{n}_FPD"] = Interface(
                "Slave", "aximm", f"saxihp{n}_fpd_aclk",
                segments=((f"HP{n}_DDR_LOW", 2 << 30), (f"HP{n}_DDR_HIGH", 32 << 30), (f"HP{n}_LPS_OCM", 16 << 20),
                          (f"HP{n}_QSPI", 512 << 20)))
    return pins, interfaces


def _zynq7(p: Mapping[str, str]) -> tuple[dict[str, Pin], dict[str, Interface]]:
    pins = {"FCLK_CLK0": Pin("O", "clk", frequency=float(p.get("PCW_FPGA0_PERIPHERAL_FREQMHZ", "50"))),
            "FCLK_RESET0_N": Pin("O", "rst_low")}
    interfaces = {"DDR": Interface("Master", "ddrx"), "FIXED_IO": Interface("Master", "fixed_io")}
    if p.get("PCW_USE_FABRIC_INTERRUPT", "0") == "1" and p.get("PCW_IRQ_F2P_INTR", "0") == "1":
        pins["IRQ_F2P"] = Pin("I", "data", 0)
    if p.get("PCW_USE_M_AXI_GP0", "0") == "1":
        pins["M_AXI_GP0_ACLK"] = Pin("I", "clk", required=True)
        interfaces["M_AXI_GP0"] = Interface("Master", "aximm", "M_AXI_GP0_ACLK")
    for n in range(4):
        if p.get(f"PCW_USE_S_AXI_HP{n}", "0") == "1":
            pins[f"S_AXI_HP{n}_ACLK"] = Pin("I", "clk", required=True)
            interfaces[f"S_AXI_HP{n}"] = Interface("Slave", "aximm", f"S_AXI_HP{n}_ACLK",
                                                   segments=((f"HP{n}_DDR_LOWOCM", 512 << 20),))
    return pins, interfaces


_BOARD_NAME = anything

IPS: Mapping[str, Ip] = {
    "xdma": Ip("4.1", "PG195 DMA/Bridge Subsystem for PCI Express", {
        "functional_mode": one_of("DMA", "AXI_Bridge"), "mode_selection": one_of("Basic", "Advanced"),
        "PCIE_BOARD_INTERFACE": _BOARD_NAME, "SYS_RST_N_BOARD_INTERFACE": _BOARD_NAME,
        "pl_link_cap_max_link_width": one_of("X1", "X2", "X4", "X8", "X16"),
        "pl_link_cap_max_link_speed": one_of("2.5_GT/s", "5.0_GT/s", "8.0_GT/s", "16.0_GT/s"),
        "xdma_axi_intf_mm": one_of("AXI_Memory_Mapped", "AXI_Stream"),
        "axi_data_width": one_of("64_bit", "128_bit", "256_bit", "512_bit"),
        "axisten_freq": one_of("62.5", "125", "250"),
        "axilite_master_en": BOOLEAN,
        "axilite_master_size": one_of("1", "2", "4", "8", "16", "32", "64", "128", "256", "512"),
        "axilite_master_scale": one_of("Kilobytes", "Megabytes", "Gigabytes"),
        "xdma_rnum_chnl": one_of("1", "2", "3", "4"), "xdma_wnum_chnl": one_of("1", "2", "3", "4"),
        "xdma_num_usr_irq": number(1, 16)}, _xdma),
    "ddr4": Ip("2.2", "PG150 UltraScale Architecture-Based FPGAs Memory IP", {
        "C0_CLOCK_BOARD_INTERFACE": _BOARD_NAME, "C0_DDR4_BOARD_INTERFACE": _BOARD_NAME,
        "RESET_BOARD_INTERFACE": _BOARD_NAME}, _ddr4),
    "smartconnect": Ip("1.0", "PG247 SmartConnect", {
        "NUM_SI": number(1, 16), "NUM_MI": number(1, 16), "NUM_CLKS": number(1, 32)}, _smartconnect),
    "proc_sys_reset": Ip("5.0", "PG164 Processor System Reset Module", {
        "C_EXT_RESET_HIGH": one_of("0", "1"), "C_AUX_RESET_HIGH": one_of("0", "1")}, _reset),
    "clk_wiz": Ip("6.0", "PG065 Clocking Wizard", {
        "PRIM_SOURCE": one_of("Single_ended_clock_capable_pin", "Differential_clock_capable_pin",
                              "Global_buffer", "No_buffer"),
        "PRIM_IN_FREQ": number(10, 1066), "CLKOUT1_REQUESTED_OUT_FREQ": number(4.6, 891), "USE_LOCKED": BOOLEAN,
        "USE_RESET": BOOLEAN, "RESET_TYPE": one_of("ACTIVE_HIGH", "ACTIVE_LOW"), "RESET_PORT": anything}, _clk_wiz),
    "util_ds_buf": Ip("2.2", "PB043 Utility Buffer", {
        "C_BUF_TYPE": one_of("IBUFDS", "OBUFDS", "IOBUFDS", "IBUFDSGTE", "BUFG"), "USE_BOARD_FLOW": BOOLEAN,
        "DIFF_CLK_IN_BOARD_INTERFACE": _BOARD_NAME}, _buffer),
    "util_vector_logic": Ip("2.0", "PB046 Utility Vector Logic", {
        "C_OPERATION": one_of("and", "or", "xor", "not"), "C_SIZE": number(1, 4096)}, _vector),
    "zynq_ultra_ps_e": Ip("3.5", "PG201 Zynq UltraScale+ MPSoC Processing System", {
        **{f"PSU__USE__M_AXI_GP{n}": one_of("0", "1") for n in range(3)},
        **{f"PSU__USE__S_AXI_GP{n}": one_of("0", "1") for n in range(7)},
        **{f"PSU__SAXIGP{n}__DATA_WIDTH": one_of("32", "64", "128") for n in range(7)},
        "PSU__USE__IRQ0": one_of("0", "1"), "PSU__FPGA_PL0_ENABLE": one_of("0", "1"),
        "PSU__CRL_APB__PL0_REF_CTRL__FREQMHZ": number(1, 500)}, _mpsoc,
        {"PSU__USE__M_AXI_GP0": "1", "PSU__USE__M_AXI_GP1": "1", "PSU__FPGA_PL0_ENABLE": "1"}),
    "processing_system7": Ip("5.5", "PG082 Processing System 7", {
        "PCW_USE_M_AXI_GP0": one_of("0", "1"), "PCW_USE_FABRIC_INTERRUPT": one_of("0", "1"),
        "PCW_IRQ_F2P_INTR": one_of("0", "1"), "PCW_FPGA0_PERIPHERAL_FREQMHZ": number(0.1, 250),
        **{f"PCW_USE_S_AXI_HP{n}": one_of("0", "1") for n in range(4)},
        **{f"PCW_S_AXI_HP{n}_DATA_WIDTH": one_of("32", "64") for n in range(4)}}, _zynq7,
        {"PCW_USE_M_AXI_GP0": "1"}),
}


@dataclass(frozen=True)
class BoardFile:
    """Board part, its device, its interfaces with their protocol."""

    part: str
    source: str
    interfaces: Mapping[str, str]


_ALVEO = {**{f"ddr4_sdram_c{n}": "ddr4" for n in range(4)},
          **{f"default_300mhz_clk{n}": "diff_clock" for n in range(4)},
          "pci_express_x16": "pcie_7x_mgt", "pcie_refclk": "diff_clock", "pcie_perstn": "reset", "resetn": "reset"}

BOARD_FILES: Mapping[str, BoardFile] = {
    "xilinx.com:vcu1525:part0:1.3": BoardFile("xcvu9p-fsgd2104-2L-e", "board store, vcu1525/1.3/board.xml", _ALVEO),
    "xilinx.com:au200:part0:1.3": BoardFile("xcu200-fsgd2104-2-e", "board store, au200/1.3/board.xml", _ALVEO),
    "xilinx.com:au250:part0:1.3": BoardFile("xcu250-figd2104-2L-e", "board store, au250/1.3/board.xml", _ALVEO),
    "xilinx.com:zcu102:part0:3.4": BoardFile("xczu9eg-ffvb1156-2-e", "board store, zcu102/3.4/board.xml", {}),
    "avnet.com:ultra96v1:part0:1.2": BoardFile("xczu3eg-sbva484-1-e", "board store, ultra96v1/1.2/board.xml", {}),
    "tul.com.tw:pynq-z2:part0:1.0": BoardFile("xc7z020clg400-1", "board store, pynq-z2/A.0/board.xml", {}),
}

#: Properties of objects other than blocks: (object type, name) -> check, source.
OBJECT_PROPERTIES: Mapping[tuple[str, str], tuple[Check, str]] = {
    ("project", "board_part"): (lambda value: value in BOARD_FILES, "UG912"),
    ("project", "target_language"): (one_of("Verilog", "VHDL"), "UG912"),
    ("fileset", "top"): (anything, "UG912"),
    ("intf_port", "CONFIG.FREQ_HZ"): (number(1e6, 1e9), "UG994"),
    ("port", "CONFIG.POLARITY"): (one_of("ACTIVE_LOW", "ACTIVE_HIGH"), "UG994"),
    ("run", "STEPS.PHYS_OPT_DESIGN.IS_ENABLED"): (BOOLEAN, "UG904"),
    ("run", "STEPS.POST_ROUTE_PHYS_OPT_DESIGN.IS_ENABLED"): (BOOLEAN, "UG904"),
    ("design", "CONFIG_VOLTAGE"): (one_of("1.5", "1.8", "2.5", "3.3"), "UG912"),
    ("design", "BITSTREAM.CONFIG.CONFIGFALLBACK"): (one_of("Enable", "Disable"), "UG908"),
    ("design", "BITSTREAM.CONFIG.CONFIGRATE"): (one_of("2.7", "5.3", "10.6", "21.3", "31.9", "36.4", "51.0", "56.7",
                                                       "63.8", "72.9", "85.0", "102.0", "127.5", "170.0"), "UG908"),
    ("design", "BITSTREAM.CONFIG.SPI_32BIT_ADDR"): (one_of("Yes", "No"), "UG908"),
    ("design", "BITSTREAM.CONFIG.SPI_BUSWIDTH"): (one_of("NONE", "1", "2", "4", "8"), "UG908"),
    ("design", "BITSTREAM.CONFIG.UNUSEDPIN"): (one_of("Pulldown", "Pullup", "Pullnone"), "UG908"),
    ("design", "BITSTREAM.GENERAL.COMPRESS"): (one_of("TRUE", "FALSE"), "UG908"),
}
RUN_RESULTS = ("PROGRESS", "STATUS", "DIRECTORY", "STATS.WNS", "STATS.WHS")

#: Protocols of interface types that ports are made of.
PORT_PROTOCOLS = {"xilinx.com:interface:diff_clock_rtl:1.0": "diff_clock", "xilinx.com:interface:ddr4_rtl:1.0": "ddr4",
                  "xilinx.com:interface:pcie_7x_mgt_rtl:1.0": "pcie_7x_mgt"}

#: Block automation: rule -> the IP it is for, the options it takes.
AUTOMATION = {"xilinx.com:bd_rule:zynq_ultra_ps_e": ("zynq_ultra_ps_e", ("apply_board_preset",)),
              "xilinx.com:bd_rule:processing_system7": ("processing_system7", ("make_external", "apply_board_preset"))}
