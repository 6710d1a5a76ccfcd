"""Engines that a device can hold: array shapes, buffers from what is left, and how many cores fit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil

from flow.errors import UsageError
from flow.hardware.config import HwConfig
from flow.size import resources
from flow.size.devices import Device, Resources

PIXELS = tuple(range(1, 17))
COLUMNS = (4, 8, 16, 32, 64)
BLOCKS = (1, 2, 4, 8)
ACC_DEPTHS = (2048, 1024, 512, 256, 128, 64)

#: Shallower ACC makes many short instructions: only where nothing deeper fits.
GOOD_ACC = 256

#: Activation addresses are aligned to the common divisor of a group and a memory word; a finer one costs wide shifters.
LEAST_GRANULE = 16

#: Cores that may share a region, and a memory channel.
SHARES = (1, 2, 3, 4)
CORES_PER_CHANNEL = 2

#: Largest parts of a region's memory blocks (per cent) for ACC, for WEIGHT where there is no UltraRAM, and for OUT.
ACC_PERCENT, WEIGHT_PERCENT, OUT_PERCENT = 45, 25, 20

#: Tiles that OUT holds if it may: results wait there while loads have the memory.
OUT_TILES, OUT_DEPTH = 8, 4096

#: The deepest buffers that still help: weights of one output block of the widest layers, INPUT below 2**20 blocks.
WEIGHT_WORDS, WEIGHT_WORDS_SMALL = 4096, 1024
MAX_BANKS = 16


@dataclass(frozen=True)
class Needs:
    """What the models could use at most: positions of their largest output map, channels of their widest output."""

    positions: int
    channels: int


@dataclass(frozen=True)
class Candidate:
    """An engine on a device: cores in each region and what one core takes."""

    hw: HwConfig
    use: resources.CoreUse
    cores: tuple[int, ...]


def shapes(device: Device, axi_bytes: int) -> Iterator[tuple[int, int, int]]:
    """(pix, rows, cols) in the search, those of more DSP blocks than the largest region left out."""
    most = max(region.dsp for region in device.usable)
    for cols in COLUMNS:
        if cols * 16 % axi_bytes:
            continue
        for blocks in BLOCKS:
            for pix in PIXELS:
                hw = HwConfig(pix, cols * blocks, cols, axi_bytes=axi_bytes, packed=resources.packs(device.family))
                if hw.granule_bytes < min(LEAST_GRANULE, axi_bytes, hw.group_bytes):
                    continue
                if resources.array_dsp(hw, device.family) + resources.lanes_dsp(hw, device.family) <= most:
                    yield pix, cols * blocks, cols


def _power_at_least(value: int) -> int:
    return 1 << (max(value, 1) - 1).bit_length()


def with_buffers(hw: HwConfig, device: Device, budget: Resources, needs: Needs, acc_depth: int) -> HwConfig | None:
    """``hw`` with buffers that fill ``budget`` (what one core may take), or None if they do not fit.

    ACC as asked; OUT two to eight tiles deep; PARAMETER one block RAM deep; WEIGHT at least four tiles; INPUT takes
    what is left.
    """
    family, uram = device.family, device.has_uram
    block = resources.BLOCK_RAM[family]
    natural = block.shapes[0][1]  # depth at which the block RAM is widest
    small = budget.bram + 4 * budget.uram < 400
    out_depth = min(OUT_TILES * acc_depth, OUT_DEPTH, max(_power_at_least(OUT_TILES * needs.positions), 16))
    while out_depth > 2 * acc_depth and block.count(8 * hw.group_bytes, out_depth) * 100 > budget.bram * OUT_PERCENT:
        out_depth //= 2
    widest = _power_at_least(-(-needs.channels // hw.cols))
    par_depth = min(max(widest, 2), 64) if small else max(min(widest * 2, 512), 128)
    least = 4 * hw.tile_words
    wanted = max(least, min(WEIGHT_WORDS, WEIGHT_WORDS_SMALL if not uram else WEIGHT_WORDS))
    if uram:
        wgt_depth = 4096 * -(-wanted // 4096)
    else:
        allowed = budget.bram * WEIGHT_PERCENT // 100
        wgt_depth = max(natural, _power_at_least(least))
        while 2 * wgt_depth <= WEIGHT_WORDS and block.count(8 * hw.axi_bytes, 2 * wgt_depth) <= allowed:
            wgt_depth *= 2
    base = replace(
        hw,
        acc_depth=acc_depth,
        out_depth=out_depth,
        par_depth=par_depth,
        wgt_depth=wgt_depth,
        inp_banks=1,
        inp_depth=natural,
    )
    used = resources.buffers(base, family, uram)
    if next(b.count for b in used if b.name == "ACC") * 100 > budget.bram * ACC_PERCENT:
        return None
    rest = sum(
        b.count * (0.5 if b.primitive == "RAMB18" else 1)
        for b in used
        if b.name != "INPUT" and b.primitive not in ("URAM288", "LUTRAM")
    )
    free_bram = budget.bram - ceil(rest)
    free_uram = budget.uram - sum(b.count for b in used if b.name != "INPUT" and b.primitive == "URAM288")
    most_vectors = ((1 << 20) - 1) // hw.blocks
    bits = 8 * hw.group_bytes
    if uram:
        depth, banks = 4096, free_uram // (hw.blocks * resources.URAM288.count(bits, 4096))
        if banks < 2:
            depth, banks = _block_ram_input(block, bits, hw.blocks, free_bram)
    else:
        depth, banks = _block_ram_input(block, bits, hw.blocks, free_bram)
    if banks < 2 or depth > most_vectors:
        return None
    banks = min(banks, MAX_BANKS, most_vectors // depth)
    if banks < 2:
        return None
    return replace(base, inp_depth=depth, inp_banks=banks)


def _block_ram_input(block: resources.Primitive, bits: int, blocks: int, free: int) -> tuple[int, int]:
    """(depth, banks) of INPUT in block RAM: the most words, of these the one with most banks up to eight."""
    best = (0, 0)
    for _, depth in block.shapes:
        banks = min(free // (blocks * block.count(bits, depth)), 8 if depth < 4096 else MAX_BANKS)
        if banks >= 2 and banks * depth > best[0] * best[1]:
            best = (depth, banks)
    return best


def on_device(hw: HwConfig, device: Device) -> Candidate:
    """How many cores of ``hw`` each region holds (possibly none) and the engine with that many."""
    use = resources.core(hw, device.family, device.has_uram)
    cores = tuple(
        min((limit // need for limit, need in zip(region.values(), use.total.values(), strict=True) if need), default=0)
        for region in device.usable
    )
    return placed(hw, use, device, _limited(device, cores))


def _channels(device: Device, cores: tuple[int, ...]) -> int:
    """Memory channels in use: one a core, but one a die region where the controllers are soft."""
    channels = min(sum(cores), device.memory.channels)
    if device.memory.soft_controller and len(cores) > 1:
        channels = min(channels, sum(1 for count in cores if count))
    return channels


def _limited(device: Device, cores: tuple[int, ...]) -> tuple[int, ...]:
    """``cores`` with the fullest regions thinned until no memory channel serves more than CORES_PER_CHANNEL."""
    counts = list(cores)
    while sum(counts) > CORES_PER_CHANNEL * _channels(device, tuple(counts)):
        counts[max(range(len(counts)), key=lambda at: (counts[at], at))] -= 1
    return tuple(counts)


def placed(hw: HwConfig, use: resources.CoreUse, device: Device, cores: tuple[int, ...]) -> Candidate:
    return Candidate(replace(hw, cores=max(sum(cores), 1), channels=max(_channels(device, cores), 1)), use, cores)


def fill(
    device: Device,
    axi_bytes: int,
    weight_bits: int,
    clock_mhz: float,
    needs: Needs,
    acc_depths: tuple[int, ...] = ACC_DEPTHS,
    only: frozenset[tuple[int, int, int]] | None = None,
    every: bool = False,
) -> list[Candidate]:
    """Legal engines with at least one core. For each shape and share of a region the deepest ACC that fits, or with
    ``every`` all of them. ``only``: these shapes."""
    found: dict[HwConfig, Candidate] = {}
    regions = sorted(set(device.usable), key=lambda region: region.values())
    for pix, rows, cols in shapes(device, axi_bytes):
        if only is not None and (pix, rows, cols) not in only:
            continue
        hw = HwConfig(
            pix, rows, cols, weight_bits, axi_bytes, packed=resources.packs(device.family), clock_mhz=clock_mhz
        )
        dsp = resources.array_dsp(hw, device.family) + resources.lanes_dsp(hw, device.family)
        for region in regions:
            for share in SHARES:
                if dsp * share > region.dsp:
                    continue
                budget = Resources(*(value // share for value in region.values()))
                for candidate in _of_shape(hw, device, budget, needs, acc_depths, every):
                    found.setdefault(candidate.hw, candidate)
    return list(found.values())


def _of_shape(
    hw: HwConfig, device: Device, budget: Resources, needs: Needs, acc_depths: tuple[int, ...], every: bool
) -> Iterator[Candidate]:
    """Engines of one shape with ever shallower ACC: with ``every`` all down to GOOD_ACC, below that only the first."""
    most = max(_power_at_least(2 * needs.positions), acc_depths[-1])
    some = False
    for acc_depth in acc_depths:
        if acc_depth > most or (some and (not every or acc_depth < GOOD_ACC)):
            continue
        sized = with_buffers(hw, device, budget, needs, acc_depth)
        if sized is None or not _legal(sized):
            continue
        candidate = on_device(sized, device)
        if sum(candidate.cores):
            some = True
            yield candidate


def _legal(hw: HwConfig) -> bool:
    try:
        hw.check()
    except UsageError:
        return False
    return True
