"""The resource model: memories, DSP blocks, logic."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flow.hardware.config import HwConfig
from flow.size.devices import Family
from flow.size.resources import BLOCK_RAM, EBR18, M20K, RAMB36, array_dsp, buffers, core, lanes_dsp

VU9P = HwConfig(6, 32, 16, inp_banks=10, inp_depth=4096, acc_depth=1024, wgt_depth=4096, out_depth=2048, par_depth=512)


def _blocks(width: int, depth: int, wide: int, words: int) -> int:
    return -(-width // wide) * -(-depth // words)


def test_memories_follow_from_widths_and_depths() -> None:
    """Counted again by hand, geometry by geometry."""
    used = {b.name: b for b in buffers(VU9P, Family.ULTRASCALE_PLUS, uram=True)}
    assert (used["INPUT"].memories, used["INPUT"].width, used["INPUT"].depth) == (20, 96 * 8, 4096)
    assert (
        (used["INPUT"].primitive, used["INPUT"].count)
        == ("URAM288", 20 * _blocks(768, 4096, 72, 4096))
        == ("URAM288", 220)
    )
    assert (used["WEIGHT"].primitive, used["WEIGHT"].count) == ("URAM288", _blocks(512, 4096, 72, 4096))
    assert (used["ACC"].memories, used["ACC"].width, used["ACC"].depth) == (2 * 16, 6 * 32, 1024)
    assert (used["ACC"].primitive, used["ACC"].count) == ("RAMB36", 2 * 16 * _blocks(192, 1024, 36, 1024))
    assert used["OUT"].count == min(_blocks(768, 2048, w, d) for w, d in ((72, 512), (36, 1024), (18, 2048))) == 43
    assert (used["PARAMETER"].memories, used["PARAMETER"].count) == (4, 4 * 8)
    for table, width in (("A", 32), ("B", 32), ("O", 8)):
        buffer = used[f"TABLE {table}"]
        assert (buffer.memories, buffer.width, buffer.depth) == (96, width, 512)
        assert (buffer.primitive, buffer.count) == ("RAMB18", 96)
    total = core(VU9P, Family.ULTRASCALE_PLUS, uram=True).total
    assert total.uram == 220 + 8
    assert total.bram == 192 + 43 + 32 + 3 * 96 // 2


def test_dsp_of_the_packed_array() -> None:
    assert array_dsp(VU9P, Family.ULTRASCALE_PLUS) == 3 * 32 * 16 == 1536
    assert lanes_dsp(VU9P, Family.ULTRASCALE_PLUS) == 2 * 96 + 96
    assert core(VU9P, Family.ULTRASCALE_PLUS, uram=True).total.dsp == 1824 == 2280 * 80 // 100
    odd = replace(VU9P, pix=5)
    assert array_dsp(odd, Family.ULTRASCALE_PLUS) == 3 * 32 * 16
    assert array_dsp(replace(VU9P, packed=False), Family.ULTRASCALE_PLUS) == 6 * 32 * 16


def test_a_pair_of_lanes_times_32_rows_is_32_dsp() -> None:
    column = HwConfig(2, 32, 1, axi_bytes=8)
    assert array_dsp(column, Family.ULTRASCALE_PLUS) == 32


@pytest.mark.parametrize(
    ("family", "products"),
    [(Family.SEVEN_SERIES, 1), (Family.ARRIA10, 2), (Family.STRATIX10, 2), (Family.AGILEX7, 4), (Family.ECP5, 1)],
)
def test_products_of_other_families(family: Family, products: int) -> None:
    hw = HwConfig(2, 32, 16, packed=False)
    assert array_dsp(hw, family) == 2 * 32 * 16 // products


def test_geometries_hold_the_primitives_bits() -> None:
    for primitive, bits in ((RAMB36, 36 * 1024), (M20K, 20 * 1024), (EBR18, 18 * 1024)):
        assert max(w * d for w, d in primitive.shapes) == bits
    assert RAMB36.count(72, 512) == 1 and RAMB36.count(73, 512) == 2 and RAMB36.count(36, 1025) == 2
    assert set(BLOCK_RAM) == set(Family)


@pytest.mark.parametrize("name", ["inp_banks", "inp_depth", "acc_depth", "wgt_depth", "out_depth", "par_depth"])
def test_deeper_never_costs_less(name: str) -> None:
    for family in Family:
        small = core(VU9P, family, uram=False).total
        large = core(replace(VU9P, **{name: 2 * getattr(VU9P, name)}), family, uram=False).total
        assert small.fits(large)


def test_text_has_every_buffer() -> None:
    use = core(VU9P, Family.ULTRASCALE_PLUS, uram=True)
    text = use.to_text("RAMB36")
    for buffer in use.buffers:
        assert buffer.name in text
    assert "estimated" in text and "counted" in text
