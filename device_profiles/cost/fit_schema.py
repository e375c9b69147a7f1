"""What a profile holds of a fitted cost model: one `[[latency]]` table. Needs pydantic."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Unit = Literal["cpu", "gpu", "npu"]


class LatencyFit(BaseModel):
    """How one runtime on one unit of a device runs networks in one precision, fitted to measurements.

    The fitted numbers say by how much, on a logarithmic scale, this group differs from what is known of all devices
    (`cost.model`); docs/latency.md has their meaning. They are written by `portproof devices fit`, not by hand.

    Attributes:
        unit: the compute unit measured.
        runtime: the runtime's name, as measurements give it: ``tflite``, ``qnn_dlc``, ``coreml``, ...
        precision: of the computation: ``fp32``, ``fp16``, ``int8``, ``w8a8``, ``w8a16``, ...
        kind: ``fitted`` from measurements of this device, or ``borrowed`` from another's (`borrowed_from` names it).
        source: where the measurements are from.
        architectures: how many different ones were measured.
        measurements: how many measurements.
        log_scale: the natural logarithm of the factor on the whole of the prediction.
        weights: by the name of a feature: its weight in the logarithm of the latency.
        log_spread: half-width of the 80 % interval, as a logarithm.
        median_ape: median absolute error, as a share, on architectures held out; None if too few for that.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    unit: Unit
    runtime: str = Field(min_length=1)
    precision: str = Field(min_length=1)
    kind: Literal["fitted", "borrowed"] = "fitted"
    source: str = Field(min_length=1)
    borrowed_from: str = ""
    architectures: int = Field(ge=1)
    measurements: int = Field(ge=1)
    log_scale: float = Field(allow_inf_nan=False)
    weights: dict[str, float] = Field(default_factory=dict)
    log_spread: float = Field(gt=0, allow_inf_nan=False)
    median_ape: float | None = Field(default=None, ge=0)
