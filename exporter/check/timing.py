"""Predicted time of a model on each path: what the unit and the CPU beside it take of it, and what they hand over."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.check.layer_shares import owners
from portproof.exporter.check.result import PredictedTime, UnitResult

if TYPE_CHECKING:
    import onnx
    import onnx_ir as ir

    from portproof.device_profiles.cost.predict import Prediction
    from portproof.device_profiles.cost.work import Layer
    from portproof.device_profiles.op_rules.schema import OpRules
    from portproof.device_profiles.schema import Profile

_FEW_BYTES = 4096
_CPU = {"float": ("tflite", "fp32"), "int8": ("tflite", "int8")}
"""The runtime and precisions that stand for what falls back to the CPU."""


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Predicts the paths of one model.

    Attributes:
        work: the layers of the model as it was read.
        profiles: of the devices, by id.
        made: what was predicted so far: the CPU stands beside each other unit of a device.
    """

    work: "Sequence[Layer]"
    profiles: "Mapping[str, Profile]"
    made: "dict[tuple[str, ...], Prediction]" = field(default_factory=dict)

    def timed(self, found: UnitResult, rules: "OpRules") -> UnitResult:
        """The result with its predicted time, or with why there is none."""
        profile = self.profiles.get(found.device)
        if profile is None or found.unwritten:
            return found
        form: Literal["float", "int8"] = "int8" if found.form.endswith("int8") else "float"
        runtime, precision = rules.latency.get("runtime"), rules.latency.get(form)
        if runtime is None or precision is None:
            return replace(found, unpredicted=f"nothing was measured by way of {rules.unit}")
        try:
            there = self._predicted(profile, found.processor, runtime, precision)
            alone = found.processor == "cpu" or all(each.on_unit for each in found.placed)
            beside = there if alone else self._predicted(profile, "cpu", *_CPU[form])
        except PortproofError as error:
            return replace(found, unpredicted=error.messages[0].what)
        parts = _parts(self.work, there, beside, found)
        return replace(found, predicted=_joined(there, beside, found, profile, parts))

    def _predicted(self, profile: "Profile", unit: str, runtime: str, precision: str) -> "Prediction":
        from portproof.device_profiles.cost.predict import predict_layers

        key = (profile.id, unit, runtime, precision)
        if key not in self.made:
            found = predict_layers(self.work, profile, unit=unit, runtime=runtime, precision=precision)
            self.made[key] = found
        return self.made[key]


def clock(model: "ir.Model", profiles: "Mapping[str, Profile]") -> Clock | None:
    """A clock for a model; None where its shapes do not tell its work."""
    from portproof.device_profiles.cost import graph, layers

    if not profiles:
        return None
    try:
        return Clock(work=layers.of_graph(graph.of_proto(_without_weights(model))), profiles=profiles)
    except PortproofError:
        return None


def _without_weights(model: "ir.Model") -> "onnx.ModelProto":
    """The model as a proto, with large constants as if they lay in another file: only their sizes count.

    They stay constants: a product with weights is not one of two activations.
    """
    import onnx_ir as ir

    graph = model.graph
    light = ir.GraphView(
        graph.inputs,
        graph.outputs,
        nodes=tuple(graph),
        initializers=[_light(value) for value in graph.initializers.values()],
        opset_imports=graph.opset_imports,
        name=graph.name,
    )
    functions = tuple(model.functions.values())
    whole = ir.Model(light, ir_version=model.ir_version, functions=functions)  # type: ignore[arg-type] # a view will do
    return ir.serde.serialize_model(whole)


def _light(value: "ir.Value") -> "ir.Value":
    """A constant, or what stands for a large one."""
    import onnx_ir as ir

    held = value.const_value
    if held is None or held.nbytes <= _FEW_BYTES:
        return value
    name, shape = value.name or "", ir.Shape(held.shape)  # type: ignore[arg-type] # of numbers
    elsewhere = ir.ExternalTensor("weights", 0, held.nbytes, held.dtype, shape=shape, name=name)
    return ir.Value(name=name, shape=shape, type=ir.TensorType(held.dtype), const_value=elsewhere)


def _joined(
    there: "Prediction", beside: "Prediction", found: UnitResult, profile: "Profile", parts: "_Parts"
) -> PredictedTime:
    """The unit's layers on the unit, the rest on the CPU, and memory twice for what they hand over."""
    bandwidth: Any = getattr(profile.memory, "dram_gbps", None)
    gbps = bandwidth.value if bandwidth is not None and bandwidth.value else None
    handing_ms = 2 * found.crossing_bytes / (gbps * 1e6) if gbps else 0.0
    on, off = parts.on_unit, parts.beside
    latency_ms = there.latency_ms * on + beside.latency_ms * off + handing_ms
    return PredictedTime(
        latency_ms=latency_ms,
        low_ms=there.low_ms * on + beside.low_ms * off + handing_ms,
        high_ms=there.high_ms * on + beside.high_ms * off + handing_ms,
        share_on_unit=there.latency_ms * on / latency_ms,
        calibrated=there.calibrated and (off == 0.0 or beside.calibrated),
        notes=(
            *there.notes,
            *(f"beside it: {note}" for note in beside.notes if off and note not in there.notes),
            *parts.notes,
        ),
    )


@dataclass(frozen=True, kw_only=True)
class _Parts:
    """The share of the unit's predicted time that is spent there, and of the CPU's that is spent on the CPU."""

    on_unit: float
    beside: float
    notes: tuple[str, ...] = ()


def _parts(work: "Sequence[Layer]", there: "Prediction", beside: "Prediction", found: UnitResult) -> _Parts:
    if all(each.on_unit for each in found.placed):
        return _Parts(on_unit=1.0, beside=0.0)
    whose = owners(work, [each.operator for each in found.placed])
    if whose is None:
        note = "the time is shared out by multiply-accumulates: the lowered operators are not those of the graph"
        return _Parts(on_unit=found.macs_share, beside=1 - found.macs_share, notes=(note,))
    here = [sum(share for index, share in one.items() if found.placed[index].on_unit) for one in whose]
    return _Parts(on_unit=_time(there, here) / there.latency_ms, beside=1 - _time(beside, here) / beside.latency_ms)


def _time(predicted: "Prediction", here: Sequence[float]) -> float:
    """The milliseconds of the layers, each by the share of it that counts."""
    return sum(layer.latency_ms * share for layer, share in zip(predicted.layers, here, strict=True))
