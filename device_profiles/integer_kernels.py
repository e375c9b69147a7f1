"""Which operators a unit computes in integers, and under which rules: data (`rules/integer-<unit>.toml`), not code.

A unit is a runtime on a kind of processor: ``litert-xnnpack`` is LiteRT on a CPU through XNNPACK. Operators are named
by their ONNX types, because quantized models are ONNX models with QuantizeLinear/DequantizeLinear pairs.
"""

import functools
from collections.abc import Sequence
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from portproof.device_profiles import rule_files
from portproof.device_profiles.integer_limits import LIMITS, Site, first_reason
from portproof.device_profiles.profiles import Paths, chosen
from portproof.device_profiles.profiles import load as load_profile

DEFAULT_UNIT = "litert-xnnpack"

ActivationType = Literal["int8", "int16"]
WeightGranularity = Literal["per_channel", "per_tensor", "none"]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class IntegerKernel(_Strict):
    """How a unit computes one operator in integers.

    Attributes:
        op: ONNX operator type.
        activations: types its activations may have; empty where only the dynamic form exists.
        weights: the finest granularity that the scales of its constant weights may have; ``"none"``: it has no weights.
        same_scale: inputs and output share scale and zero point.
        fixed_output: scale and zero point of the output by activation type, where the kernel prescribes them.
        float_result: its integer form may give float32 at once, so that the result needs no scale.
        dynamic: there is a kernel for int8 weights whose activations are quantized when running, float outside.
        float_in_partition: the float form runs in the same partition: a float island costs its Q/DQ only.
        in_partition: the integer form does too. Where neither does, the graph is split either way, and integers
            are the fewer bytes.
        limits: names of further conditions, functions of `integer_limits`.
        dynamic_limits: those of the dynamic form.
        source: where that is from.
    """

    op: str
    activations: tuple[ActivationType, ...] = ()
    weights: WeightGranularity = "none"
    same_scale: bool = False
    fixed_output: dict[ActivationType, tuple[float, int]] | None = None
    float_result: bool = False
    dynamic: bool = False
    float_in_partition: bool = False
    in_partition: bool = True
    limits: tuple[str, ...] = ()
    dynamic_limits: tuple[str, ...] = ()
    source: str

    def refusal(self, site: Site, *, dynamic: bool = False) -> str:
        """Why this kernel (its dynamic form) does not take a node; empty where it does."""
        return first_reason(self.dynamic_limits if dynamic else self.limits, site)


class _Rule(_Strict):
    ops: tuple[str, ...] = Field(min_length=1)
    source: str


class _Group(_Rule):
    """Operators with the same rules: one table of a rules file."""

    activations: tuple[ActivationType, ...] = ()
    weights: WeightGranularity = "none"
    same_scale: bool = False
    fixed_output: dict[ActivationType, tuple[float, int]] | None = None
    float_result: bool = False
    dynamic: bool = False
    in_partition: bool = True
    limits: tuple[str, ...] = ()
    dynamic_limits: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        _known((*self.limits, *self.dynamic_limits))
        if not self.activations and not self.dynamic:
            raise ValueError(f"{', '.join(self.ops)}: neither an integer nor a dynamic kernel")
        if self.dynamic and self.weights == "none":
            raise ValueError(f"{', '.join(self.ops)}: a dynamic kernel has weights")
        if self.fixed_output and not set(self.fixed_output) <= set(self.activations):
            raise ValueError(f"{', '.join(self.ops)}: a fixed output of a type that the kernel does not have")
        return self


class _Slower(_Rule):
    """Where an integer form was measured to be slower than the float one.

    Attributes:
        ops: ONNX operator types.
        processor: the architecture that it was measured on, as `platform.machine` names it.
        dynamic: this is of the dynamic form.
        unless: limits; a node that meets them all is not slower. Without any, all nodes are.
        reason: a sentence, with the figures.
        source: a key of the sources.
    """

    processor: str
    dynamic: bool = False
    unless: tuple[str, ...] = ()
    reason: str

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        _known(self.unless)
        return self

    def holds(self, site: Site) -> bool:
        """Whether a node is one of those."""
        return site.op in self.ops and (not self.unless or bool(first_reason(self.unless, site)))


def _known(limits: tuple[str, ...]) -> None:
    unknown = sorted(set(limits) - set(LIMITS))
    if unknown:
        raise ValueError(f"no limit is named {', '.join(unknown)}")


class KernelRules(_Strict):
    """What one unit takes in integers.

    Attributes:
        unit: its name, equal to the file's.
        name: in words.
        activation_types: types of activations that it knows, the preferred first.
        symmetric_activations: its fast kernels need zero points of 0.
        unsigned_activations: a QDQ model for it holds uint8, int8 shifted by 128, which ONNX's runtimes take first of
            all: of int8, ONNX Runtime 1.31.1 fuses on x86 37 of mobilenet_v2's 52 convolutions, where values have one
            reader.
        dynamic_scales: of inputs quantized when running: one for the tensor, as ONNX has it, or one for each row.
        mixed_types: models for it may mix int8 and int16 activations, with conversions between.
        float_biases: it takes no int32 biases: a QDQ model for it holds them in float32.
        weights: granularities of weight scales, the preferred first.
        weight_only: types of constant weights that may be widened in front of a float operator.
        widens_tables: a table of int8 rows is widened whole in every run, before rows are taken from it.
        float_islands: whether operators may stay float at all.
        sources: where facts are from, by key.
        kernels: groups of operators with the same rules.
        float_ops: operators whose float form runs in the same partition as the integer ones; ``"*"``: all.
        slower_rules: integer forms that lose against float ones, where measured.
        notes: what a user should know.
        source: where the unit as a whole is documented, a key of `sources`.
    """

    unit: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")
    name: str
    activation_types: tuple[ActivationType, ...] = Field(min_length=1)
    symmetric_activations: bool = False
    unsigned_activations: bool = True
    dynamic_scales: Literal["tensor", "row"] = "tensor"
    mixed_types: bool = False
    float_biases: bool = False
    weights: tuple[WeightGranularity, ...] = Field(min_length=1)
    weight_only: tuple[Literal["int8", "int4", "float16"], ...] = ()
    widens_tables: bool = False
    float_islands: bool = True
    source: str
    sources: dict[str, str]
    kernels: tuple[_Group, ...] = ()
    float_ops: tuple[str, ...] = ()
    slower_rules: tuple[_Slower, ...] = ()
    notes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _refers_to_what_there_is(self) -> Self:
        rules: tuple[_Rule, ...] = (*self.kernels, *self.slower_rules)
        for rule in rules:
            if rule.source not in self.sources:
                raise ValueError(f"{', '.join(rule.ops)}: no source is named {rule.source}")
        for group in self.kernels:
            if not set(group.activations) <= set(self.activation_types):
                raise ValueError(f"{', '.join(group.ops)}: a type of activations that the unit does not have")
        names = [op for group in self.kernels for op in group.ops]
        twice = sorted({op for op in names if names.count(op) > 1})
        if twice or self.source not in self.sources:
            raise ValueError(f"operators with two rules: {', '.join(twice)}" if twice else "its source is not listed")
        return self

    @functools.cached_property
    def _by_op(self) -> dict[str, IntegerKernel]:
        return {op: self._kernel(op, group) for group in self.kernels for op in group.ops}

    def _kernel(self, op: str, group: _Group) -> IntegerKernel:
        values = group.model_dump(exclude={"ops", "source"})
        source = self.sources[group.source]
        return IntegerKernel(op=op, float_in_partition=self.float_in_partition(op), source=source, **values)

    def kernel(self, op_type: str) -> IntegerKernel | None:
        """The integer (or dynamic) kernel of an ONNX operator type of the default domain; None where there is none."""
        return self._by_op.get(op_type)

    def float_in_partition(self, op_type: str) -> bool:
        """Whether the float form of an operator runs in the same partition as the integer operators."""
        return op_type in self.float_ops or "*" in self.float_ops

    def refusal(self, site: Site, activation: ActivationType | None = "int8") -> str:
        """Why a node cannot be computed in integers here; empty where it can.

        Args:
            site: what is known of the node.
            activation: the type of its activations; None asks for the dynamic form.
        """
        kernel = self.kernel(site.op)
        if kernel is None or not (kernel.dynamic if activation is None else kernel.activations):
            form = "dynamic" if activation is None else "integer"
            return f"{self.name} has no {form} kernel for {site.op}"
        if activation is not None and activation not in kernel.activations:
            return f"{self.name} has no kernel for {site.op} with {activation} activations"
        return kernel.refusal(site, dynamic=activation is None)

    def slower(self, site: Site, processor: str, *, dynamic: bool = False) -> str:
        """Why the integer (dynamic) form of a node is slower than the float one on a processor; empty: not known to be.

        Args:
            site: what is known of the node.
            processor: an architecture, as `platform.machine` names it: ``"x86_64"``, ``"aarch64"``.
            dynamic: asks for the dynamic form.
        """
        rules = (rule for rule in self.slower_rules if rule.dynamic == dynamic and rule.processor == processor)
        return next((rule.reason for rule in rules if rule.holds(site)), "")


def units() -> tuple[str, ...]:
    """The units that rules come with Portproof for, by name."""
    return rule_files.units("integer")


@functools.cache
def load(unit: str = DEFAULT_UNIT) -> KernelRules:
    """The rules of a unit.

    Raises:
        PortproofError: ``E-DEVICE-UNKNOWN``: nothing is known of such a unit.
    """
    return KernelRules.model_validate(rule_files.read("integer", unit, "nothing is known"))


def for_device(device_id: str | None = None) -> KernelRules:
    """The rules of the unit that runs int8 on a device: the first that its profile names.

    Args:
        device_id: of a profile, or the path of one's own; None: LiteRT on any CPU.

    Raises:
        PortproofError: ``E-DEVICE-UNKNOWN``, ``E-FILE-MISSING``, ``E-CONFIG``.
    """
    return load(unit_of(device_id))


def unit_of(device_id: str | None, *, profile_path: Paths = None, overrides: Sequence[str] = ()) -> str:
    """The unit that runs int8 on a device: the first that its profile names.

    Args:
        device_id: of a profile, or the path of one's own, or a unit's name; None: LiteRT on any CPU.
        profile_path: files and folders of one's own, as ``--profile``; a file alone names the device too.
        overrides: ``KEY=VALUE`` for this run, as ``--set``.

    Raises:
        PortproofError: ``E-DEVICE-UNKNOWN``, ``E-FILE-MISSING``, ``E-CONFIG``, ``E-USAGE``.
    """
    ids = chosen([device_id] if device_id else [], profile_path, overrides)
    if not ids or ids[0] in units():
        return ids[0] if ids else DEFAULT_UNIT
    profile = load_profile(ids[0], profile_path=profile_path, overrides=overrides)
    return profile.int8_units[0] if profile.int8_units else DEFAULT_UNIT
