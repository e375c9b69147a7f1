"""Predicted latency of a graph on a unit of a device, with an 80 % interval. What everything else calls."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portproof.device_profiles.cost import components, deviation, layers, unlike, unmeasured
from portproof.device_profiles.cost.cross_validation import CALIBRATED
from portproof.device_profiles.cost.deviation import NAMES, Deviation
from portproof.device_profiles.cost.groups import ALIASES, Family, Group, family
from portproof.device_profiles.cost.reference import Reference
from portproof.device_profiles.cost.shipped import Shipped, load
from portproof.device_profiles.cost.unmeasured import Basis
from portproof.device_profiles.cost.work import Layer
from portproof.device_profiles.errors import PortproofError

if TYPE_CHECKING:
    from portproof.device_profiles.schema import Profile


@dataclass(frozen=True, kw_only=True)
class LayerCost:
    """The predicted share of one layer: `name` of the ONNX node, `kind` of `work.KINDS`, `latency_ms`."""

    name: str
    kind: str
    latency_ms: float


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """A predicted latency; never a measured one.

    Attributes:
        device: id of the profile.
        unit, runtime, precision: what it is for; `runtime` as measurements name it.
        latency_ms: predicted.
        low_ms, high_ms: the 80 % interval.
        calibrated: whether at least `CALIBRATED` architectures were measured on this device, unit, runtime, precision.
        kind: ``"fitted"`` to this group; or, of a device never measured, ``"chip"``: fitted to another device with its
            chip, ``"spec-sheet"``: its scale from its profile's figures, ``"family"``: that of other devices.
        architectures: how many architectures it was fitted to; 0 unless ``"fitted"``.
        energy_mj: where the profile has the unit's power: power times latency, predicted; else None.
        notes: what a reader must know of it.
        layers: the layers' parts, in the order they run; with what is once a run (`const`) spread over them.
    """

    device: str
    unit: str
    runtime: str
    precision: str
    latency_ms: float
    low_ms: float
    high_ms: float
    calibrated: bool
    kind: str
    architectures: int
    energy_mj: float | None
    notes: tuple[str, ...]
    layers: tuple[LayerCost, ...]

    def as_dict(self) -> dict[str, Any]:
        """The prediction as JSON-able data, named as predicted; layers left out."""
        return {
            "predicted": True, "device": self.device, "unit": self.unit, "runtime": self.runtime,
            "precision": self.precision, "predicted_latency_ms": self.latency_ms, "low_ms": self.low_ms,
            "high_ms": self.high_ms, "interval": 0.8, "calibrated": self.calibrated, "kind": self.kind,
            "architectures": self.architectures, "predicted_energy_mj": self.energy_mj, "notes": list(self.notes),
        }  # fmt: skip


def predict_latency(
    onnx_path: str | Path, device: str, *, unit: str, runtime: str, precision: str
) -> tuple[float, float, float]:
    """Predicted milliseconds of one inference, and the ends of the 80 % interval.

    Args:
        onnx_path: an ONNX file with static shapes; only sizes are read, never weights.
        device: a profile's id, or the path of a profile.
        unit: ``"cpu"``, ``"gpu"`` or ``"npu"``.
        runtime: as measurements name it: ``"tflite"``, ``"qnn_dlc"``, ``"onnx"``, ``"coreml"``, ``"ncnn-4t-ps0"``, ...
        precision: ``"fp32"``, ``"fp16"``, ``"int8"``, ``"w8a8"``, ``"w8a16"``, ...

    Raises:
        PortproofError: as `predict` does.
    """
    found = predict(onnx_path, device, unit=unit, runtime=runtime, precision=precision)
    return found.latency_ms, found.low_ms, found.high_ms


def predict(onnx_path: str | Path, device: str, *, unit: str, runtime: str, precision: str) -> Prediction:
    """The predicted latency of an ONNX file; arguments as of `predict_latency`.

    Raises:
        PortproofError: ``E-FILE-MISSING``, ``E-MODEL-FORMAT``, ``E-MODEL-SHAPE`` of the model; ``E-DEVICE-UNKNOWN``;
            ``E-CONFIG``; ``E-USAGE``: nothing like this unit, runtime and precision was measured on any device.
    """
    from portproof.device_profiles import load as load_profile

    return predict_layers(
        layers.of_file(onnx_path), load_profile(device), unit=unit, runtime=runtime, precision=precision
    )


def predict_layers(work: Sequence[Layer], profile: "Profile", *, unit: str, runtime: str, precision: str) -> Prediction:
    """The predicted latency of layers (all of a graph, or those of one partition) on a device.

    Raises:
        PortproofError: ``E-USAGE``: nothing like this unit, runtime and precision was measured on any device.
    """
    import numpy as np

    model = load()
    runtime = ALIASES.get(runtime, runtime)
    reference, position = response_of(model, family(unit, runtime, precision))
    marks = components.traits([components.amounts(work)])
    at = np.array([position])
    response = reference.predict(at, marks)
    group = Group(device=profile.id, unit=unit, runtime=runtime, precision=precision)
    found = _calibration(model, group, profile) or unmeasured.scale(model, group, profile)
    z = deviation.features(reference, at, marks, response)
    latency_ms = math.exp(float(deviation.apply(found.deviation, z, response)[0]))
    spread = found.log_spread
    power = profile.figures.get(f"{unit}.power_w")
    return Prediction(
        device=profile.id, unit=unit, runtime=runtime, precision=precision, latency_ms=latency_ms,
        low_ms=latency_ms * math.exp(-spread), high_ms=latency_ms * math.exp(spread),
        calibrated=found.architectures >= CALIBRATED, kind=found.kind, architectures=found.architectures,
        energy_mj=power.value * latency_ms if power is not None and power.value is not None else None,
        notes=(*found.notes, *unlike.notes(reference, position, marks), *_gaps(work)),
        layers=_costs(work, reference, position, latency_ms),
    )  # fmt: skip


def predict_known(onnx_path: str | Path, device: str) -> tuple[Prediction, ...]:
    """A prediction for every unit, runtime and precision that was measured on the device, in a fixed order.

    On a device that was never measured: for those by which its units are used, uncalibrated.

    Raises:
        PortproofError: as `predict` does; ``E-USAGE``: nothing is known of how fast its units are.
    """
    from portproof.device_profiles import load as load_profile

    profile = load_profile(device)
    own = {(fit.unit, fit.runtime, fit.precision) for fit in profile.latency}
    shipped = {(one.unit, one.runtime, one.precision) for one in load().calibrations if one.device == profile.id}
    wanted = own | shipped or _usual(profile)
    work = layers.of_file(onnx_path)
    found = tuple(
        predict_layers(work, profile, unit=unit, runtime=runtime, precision=precision)
        for unit, runtime, precision in sorted(wanted)
    )
    if not found:
        raise PortproofError(
            "E-USAGE",
            f"no latency was measured on {profile.id}, nor on any device whose units are used in its way",
            hint="`portproof devices fit` calibrates a profile; predict_latency takes a unit, runtime and precision",
        )
    return found


def _usual(profile: "Profile") -> set[tuple[str, str, str]]:
    """The unit, runtime and precisions by which a device's units are used, as far as any device was measured so."""
    from portproof.device_profiles.op_rules.load import load as load_rules

    found = set()
    for processor, unit in profile.units.items():
        for name in unit.rules:
            latency = load_rules(name).latency
            runtime = latency.get("runtime")
            if runtime is not None:
                found |= {(processor, runtime, latency[form]) for form in ("float", "int8") if form in latency}
    return {each for each in found if _is_measured(*each)}


def _is_measured(unit: str, runtime: str, precision: str) -> bool:
    try:
        response_of(load(), family(unit, ALIASES.get(runtime, runtime), precision))
    except PortproofError:
        return False
    return True


def response_of(model: Shipped, wanted: Family) -> tuple[Reference, int]:
    """The fitted response that a family belongs to, and its position there.

    Raises:
        PortproofError: ``E-USAGE``: nothing of this family was measured.
    """
    reference = model.references.get(wanted.unit)
    if reference and wanted in reference.families:
        return reference, reference.families.index(wanted)
    known = [one for each in model.references.values() for one in each.families if one.unit == wanted.unit]
    names = sorted({f"{one.runtime} in {one.precision}" for one in known})
    raise PortproofError(
        "E-USAGE",
        f"no latency was measured for {wanted.runtime} in {wanted.precision} on any {wanted.unit or 'unit'}",
        why="a latency is predicted from measurements of the same kind of runtime and precision",
        hint=f"known on {wanted.unit}: {'; '.join(names)}" if names else "the units are cpu, gpu and npu",
        known=names,
    )


def _calibration(model: Shipped, group: Group, profile: "Profile") -> Basis | None:
    """The profile's own fit, else the shipped one of this group, else of the device's same family; None if none."""
    for fit in profile.latency:
        if (fit.unit, fit.runtime, fit.precision) == (group.unit, group.runtime, group.precision):
            weights = tuple(fit.weights.get(name, 0.0) for name in NAMES)
            note = [f"its fit is borrowed from {fit.borrowed_from}"] if fit.borrowed_from else []
            return _fitted(Deviation(log_scale=fit.log_scale, weights=weights), fit.log_spread, fit.architectures, note)
    near = [one for one in model.calibrations if one.device == group.device and one.family == group.family]
    if not near:
        return None
    best = group if group in near else max(near, key=lambda one: (model.calibrations[one].architectures, one))
    found = model.calibrations[best]
    other = [] if best == group else [f"measured on this device as {best.runtime} in {best.precision}"]
    return _fitted(found.deviation, found.log_spread, found.architectures, other)


def _fitted(found: Deviation, log_spread: float, architectures: int, notes: list[str]) -> Basis:
    all_notes = (*notes, *_few(architectures))
    return Basis(deviation=found, log_spread=log_spread, kind="fitted", architectures=architectures, notes=all_notes)


def _few(architectures: int) -> list[str]:
    if architectures >= CALIBRATED:
        return []
    known = "1 architecture" if architectures == 1 else f"{architectures} architectures"
    return [f"uncalibrated: fitted to {known} only, {CALIBRATED} are needed"]


def _gaps(work: Sequence[Layer]) -> list[str]:
    """What of the model is not in the prediction, or only roughly."""
    unknown = sorted({layer.name for layer in work if layer.kind == "other"})
    if not unknown:
        return []
    return [f"{len(unknown)} operators of unknown cost count as data movement: {', '.join(unknown[:5])}"]


def _costs(work: Sequence[Layer], reference: Reference, position: int, latency_ms: float) -> tuple[LayerCost, ...]:
    """The prediction shared out by the roofline's terms."""
    import numpy as np

    rates = dict(zip(components.TERMS, np.exp(reference.rates[position]).tolist(), strict=True))
    parts = [sum(rates[term] * amount for term, amount in components.layer_amounts(layer).items()) for layer in work]
    scale = latency_ms / max(sum(parts), 1e-12)
    return tuple(
        LayerCost(name=layer.name, kind=layer.kind, latency_ms=part * scale)
        for layer, part in zip(work, parts, strict=True)
    )
