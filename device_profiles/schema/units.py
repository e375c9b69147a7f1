"""The compute units of a device and its memory: tables of a profile. A key of a number ends with its unit."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from portproof.device_profiles.schema.figure import (
    Cores,
    Figure,
    Gbps,
    Gflops,
    Ghz,
    Gib,
    Mib,
    Strict,
    Tops,
    Version,
    Watts,
)

UnitName = Literal["cpu", "gpu", "npu"]
UNITS: tuple[UnitName, ...] = ("cpu", "gpu", "npu")
Precision = Literal["float32", "float16", "bfloat16", "int16", "int8", "int4"]
Word = Annotated[str, Field(min_length=1)]
RuleId = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]


class _Figures(Strict):
    def figures(self) -> Iterator[tuple[str, Figure]]:
        """Its numbers by key, in the order of the schema; those that no file states are not among them."""
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, Figure):
                yield name, value


class Unit(_Figures):
    """What every compute unit has.

    Attributes:
        name: what its maker calls it.
        variant: the name that a compiler knows it by, such as ``"ethos-u65-256"``.
        rules: the operator rules that hold on it, one for each runtime path, the preferred first.
        precisions: what it computes in; empty where that is not known.
        ops_added: operators that it takes although its rules do not say so.
        ops_removed: operators that it refuses although its rules take them.
        options: options of the runtime or compiler that this unit needs, by their names there.
        clock_ghz: of its fastest core.
        power_w: what it draws under load.
    """

    name: Word | None = None
    variant: Word | None = None
    rules: tuple[RuleId, ...] = ()
    precisions: tuple[Precision, ...] = ()
    ops_added: tuple[Word, ...] = Field(default=(), alias="ops+")
    ops_removed: tuple[Word, ...] = Field(default=(), alias="ops-")
    options: dict[Word, Word] = Field(default_factory=dict)
    clock_ghz: Ghz | None = None
    power_w: Watts | None = None

    @model_validator(mode="after")
    def _adjusts_each_once(self) -> Self:
        both = sorted({*self.ops_added} & {*self.ops_removed})
        if both:
            raise ValueError(f"{', '.join(both)}: in ops+ and in ops-")
        return self


class Cpu(Unit):
    """The processor cores; peaks are of all of them together, a multiply-accumulate is two operations."""

    cores: Cores | None = None
    peak_fp32_gflops: Gflops | None = None
    peak_fp16_gflops: Gflops | None = None
    peak_int8_gops: Gflops | None = None
    cache_mib: Mib | None = None


class Gpu(Unit):
    """The graphics processor."""

    peak_fp32_gflops: Gflops | None = None
    peak_fp16_gflops: Gflops | None = None
    peak_int8_gops: Gflops | None = None


class Npu(Unit):
    """The neural processor.

    Attributes:
        peak_tops: the maker's figure where it does not say for which precision.
        sram_mib: memory on the chip that the unit works in (Qualcomm: VTCM; Edge TPU: parameters).
        htp_arch: the version of Qualcomm's Hexagon Tensor Processor, such as 75.
        host_link_gbps: of an accelerator behind USB or PCIe.
    """

    peak_int8_tops: Tops | None = None
    peak_fp16_tops: Tops | None = None
    peak_tops: Tops | None = None
    sram_mib: Mib | None = None
    sram_gbps: Gbps | None = None
    htp_arch: Version | None = None
    host_link_gbps: Gbps | None = None


class Memory(_Figures):
    """The memory that all units share.

    Attributes:
        name: such as ``"LPDDR5X 4800 MHz"``.
        dram_gbps: bandwidth, 10^9 bytes a second.
        dram_gib: how much there is.
        cache_mib: the cache in front of it that all units share.
    """

    name: Word | None = None
    dram_gbps: Gbps | None = None
    dram_gib: Gib | None = None
    cache_mib: Mib | None = None
