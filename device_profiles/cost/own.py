"""`portproof devices fit`: a profile calibrated to a user's own measurements, and how well that predicts."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from portproof.device_profiles.cost import components, deviation, layers, measurements, points
from portproof.device_profiles.cost.cross_validation import CALIBRATED
from portproof.device_profiles.cost.groups import Group
from portproof.device_profiles.cost.points import Measurement
from portproof.device_profiles.cost.predict import response_of
from portproof.device_profiles.cost.reference import Reference
from portproof.device_profiles.cost.shipped import load
from portproof.device_profiles.errors import Message, PortproofError

if TYPE_CHECKING:
    import numpy as np

    from portproof.device_profiles.cost.fit_schema import LatencyFit
    from portproof.device_profiles.schema import Profile

#: Fewer architectures tell nothing of how well others are predicted.
_LEAST = 4
#: The half-width of the interval, as a logarithm, where measurements are too few to tell.
_UNKNOWN_SPREAD = 0.7


@dataclass(frozen=True, kw_only=True)
class OwnFit:
    """What was fitted to one unit, runtime and precision.

    Attributes:
        latency: for a profile's `[[latency]]`.
        within_10, within_20: shares of held-out architectures predicted that well; None below four architectures.
        seen: architectures that the families' responses were fitted with on other devices.
    """

    latency: "LatencyFit"
    within_10: float | None
    within_20: float | None
    seen: tuple[str, ...]


def fit_own(csv_path: str | Path, device: str) -> tuple[OwnFit, ...]:
    """Fit every unit, runtime and precision of a file of measurements of one device.

    Args:
        csv_path: a file with the columns `measurements.COLUMNS`; `model` is the path of an ONNX file (from the file's
            folder or the current one) or a known ``architecture|shape``.
        device: what to call it.

    Raises:
        PortproofError: as `measurements.read_own` does; ``E-FILE-MISSING`` for each model that is neither;
            ``E-MODEL-FORMAT``, ``E-MODEL-SHAPE``; ``E-USAGE``: a runtime or precision never measured anywhere.
    """
    rows = measurements.read_own(csv_path, device)
    networks = _networks(rows, Path(csv_path))
    groups = sorted({row.group for row in rows})
    return tuple(_fit([row for row in rows if row.group == group], group, networks, str(csv_path)) for group in groups)


def _networks(rows: list[Measurement], csv_path: Path) -> dict[str, dict[str, float]]:
    known = load().networks
    found: dict[str, dict[str, float]] = {}
    messages: list[Message] = []
    for name in sorted({row.network for row in rows}):
        paths = [path for path in (csv_path.parent / name, Path(name)) if path.is_file()]
        if name in known:
            found[name] = known[name]
        elif paths:
            found[name] = components.amounts(layers.of_file(paths[0]))
        else:
            messages.append(_no_model(name, csv_path, list(known)))
    if messages:
        raise PortproofError.of(messages)
    return found


def _no_model(name: str, csv_path: Path, known: list[str]) -> Message:
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    return Message(
        code="E-FILE-MISSING",
        what=f'the model "{name}" is no ONNX file and no known architecture',
        where=str(csv_path),
        hint=f"did you mean {' or '.join(near)}?" if near else "give the path of an ONNX file, from the CSV's folder",
    )


def _fit(rows: list[Measurement], group: Group, networks: Mapping[str, dict[str, float]], source: str) -> OwnFit:
    from portproof.device_profiles.cost.fit_schema import LatencyFit

    reference, _ = response_of(load(), group.family)
    names = sorted({row.network for row in rows})
    table = {name: networks[name] for name in names}
    data = points.of_measurements(rows, names)
    found = deviation.fit(reference, data, components.traits(list(table.values())), same_networks=False)[0]
    error = _held_out(reference, rows, table)
    return OwnFit(
        latency=LatencyFit(
            unit=group.unit,  # type: ignore[arg-type]  # one of the three, or reading had refused it
            runtime=group.runtime,
            precision=group.precision,
            source=f"measured: {Path(source).name}",
            architectures=len(set(data.architecture.tolist())),
            measurements=len(rows),
            log_scale=round(found.log_scale, 6),
            weights={name: round(value, 6) for name, value in zip(deviation.NAMES, found.weights, strict=True)},
            log_spread=_UNKNOWN_SPREAD if error is None else max(_spread(error), _floor(group, names)),
            median_ape=None if error is None else round(_median_ape(error), 4),
        ),
        within_10=None if error is None else _within(error, 0.1),
        within_20=None if error is None else _within(error, 0.2),
        seen=tuple(name for name in names if name in load().networks),
    )


def _held_out(reference: Reference, rows: list[Measurement], table: dict[str, dict[str, float]]) -> "np.ndarray | None":
    """Logarithms of predicted over measured, each architecture predicted without its measurements; None if too few."""
    import numpy as np

    architectures = sorted({row.architecture for row in rows})
    if len(architectures) < _LEAST:
        return None
    errors = []
    for held in architectures:
        train = [row for row in rows if row.architecture != held]
        test = [row for row in rows if row.architecture == held]
        data = points.of_measurements(train, sorted(table))
        marks = components.traits([table[name] for name in data.networks])
        found = deviation.fit(reference, data, marks, same_networks=False)[0]
        position = np.full(len(test), reference.families.index(test[0].group.family))
        tested = components.traits([table[row.network] for row in test])
        response = reference.predict(position, tested)
        z = deviation.features(reference, position, tested, response)
        measured = np.log([row.latency_ms for row in test])
        errors.append(deviation.apply(found, z, response) - measured)
    return np.concatenate(errors)


def _spread(error: "np.ndarray") -> float:
    """The 80 % half-width, with the rank that makes it hold for a next one too."""
    import numpy as np

    share = min(1.0, 0.8 * (len(error) + 1) / len(error))
    return round(max(float(np.quantile(np.abs(error), share)), 0.02), 6)


def _floor(group: Group, names: list[str]) -> float:
    """What the interval is at least: errors on architectures known from other devices are smaller than on others."""
    model = load()
    if not any(name in model.networks for name in names):
        return 0.0
    return min(one.log_spread for each, one in model.calibrations.items() if each.unit == group.unit)


def _median_ape(error: "np.ndarray") -> float:
    import numpy as np

    return float(np.median(np.abs(np.exp(error) - 1)))


def _within(error: "np.ndarray", bound: float) -> float:
    import numpy as np

    return float(np.mean(np.abs(np.exp(error) - 1) <= bound))


def profile_text(fits: tuple[OwnFit, ...], profile_id: str, base: "Profile") -> str:
    """A profile that extends `base` by what was fitted, as TOML."""
    from portproof.device_profiles.toml_text import pair_text

    head: dict[str, Any] = {
        "kind": "device",
        "id": profile_id,
        "extends": base.id,
        "name": f"{base.name}, as measured",
        "vendor": base.vendor,
    }
    lines = ["# Written by `portproof devices fit`; docs/latency.md has the meaning of the fitted numbers."]
    lines += [pair_text(key, value) for key, value in head.items()]
    for fit in fits:
        table = fit.latency.model_dump(exclude_none=True, exclude_defaults=True)
        lines += ["", "[[latency]]", *(pair_text(key, value) for key, value in table.items())]
    return "\n".join(lines) + "\n"


def summary(fit: OwnFit) -> str:
    """One fit's quality, in a sentence; few architectures are said to be too few."""
    latency = fit.latency
    name = f"{latency.unit} {latency.runtime} {latency.precision}: {latency.architectures} architectures"
    if latency.median_ape is None or fit.within_10 is None or fit.within_20 is None:
        return f"{name}: too few to tell how well others are predicted ({_LEAST} are needed)"
    quality = f"held out, median error {latency.median_ape:.1%}, {fit.within_10:.0%} within 10 %"
    few = "" if latency.architectures >= CALIBRATED else f"; fewer than {CALIBRATED}: it counts as uncalibrated"
    seen = f"; optimistic for {len(fit.seen)} that the model knows from other devices" if fit.seen else ""
    return f"{name}: {quality}, {fit.within_20:.0%} within 20 %{few}{seen}"
