"""What a device's profile predicts of a model's latency in integers and in float, for `Targets.max_latency_ms`."""

from pathlib import Path

from portproof.calibration.sensitivity.pace import Pace
from portproof.device_profiles.errors import PortproofError

_KINDS = {
    "litert-xnnpack": ("cpu", "tflite", "int8", "fp32"),
    "qnn-htp": ("npu", "qnn_dlc", "w8a8", "fp16"),
    "coreml": ("npu", "coreml", "int8", "fp16"),
}
"""Of units of integer kernels: compute unit, runtime and the two precisions, as measurements name them."""


def pace(model: str | Path, device: str | None, unit: str) -> Pace:
    """The predicted latencies of a float ONNX model on a device.

    Args:
        model: sizes fixed; only sizes are read.
        device: a profile's id, or its path.
        unit: of `integer_kernels` that the model is placed for.

    Raises:
        PortproofError: ``E-USAGE``: no device is named, or nothing like this unit was measured; ``E-DEVICE-UNKNOWN``;
            ``E-MODEL-*``.
    """
    from portproof.device_profiles.cost.predict import predict_latency

    if not device:
        hint = "name the device whose profile predicts it: -d galaxy-s24"
        raise PortproofError("E-USAGE", "a latency is bounded, and no device is named", hint=hint)
    if unit not in _KINDS:
        why = f"predicted are {', '.join(_KINDS)}"
        raise PortproofError("E-USAGE", f"nothing predicts the latency of mixes on {unit}", where=device, why=why)
    on, runtime, *precisions = _KINDS[unit]
    integer, plain = (
        predict_latency(model, device, unit=on, runtime=runtime, precision=precision)[0] for precision in precisions
    )
    return Pace(integer_ms=integer, float_ms=plain, device=device)
