"""What is measured together: a group is a device's unit, runtime and precision, a family its kin on other devices."""

import functools
from dataclasses import dataclass

#: Names of precisions that compute in the same way, as far as time goes.
_PRECISIONS = {
    "fp16/fp32": "float", "fp16": "float", "fp32": "float", "float": "float", "float16": "float", "float32": "float",
    "w8": "float", "int8": "int8", "w8a8": "int8",
}  # fmt: skip
#: Names of runtimes in profiles and in the field, as measurements give them.
ALIASES = {"litert": "tflite", "onnxruntime": "onnx", "ort": "onnx", "qnn": "qnn_dlc", "core-ml": "coreml"}


@dataclass(frozen=True, kw_only=True, order=True)
class Group:
    """One device's unit, with the runtime and precision that measurements were made in."""

    device: str
    unit: str
    runtime: str
    precision: str

    @property
    def family(self) -> "Family":
        """Its family."""
        return family(self.unit, self.runtime, self.precision)


@dataclass(frozen=True, kw_only=True, order=True)
class Family:
    """Groups of all devices that respond alike to a network: a unit, a kind of runtime, a class of precision."""

    unit: str
    runtime: str
    precision: str


@functools.cache  # groups are asked for theirs at every comparison
def family(unit: str, runtime: str, precision: str) -> Family:
    """The family of a unit, runtime and precision, whatever the device."""
    runtime = ALIASES.get(runtime, runtime)
    return Family(unit=unit, runtime=_kind(unit, runtime), precision=_PRECISIONS.get(precision, precision))


def _kind(unit: str, runtime: str) -> str:
    if runtime.startswith("ncnn-vulkan"):
        return "ncnn-vulkan"
    if runtime.startswith("ncnn"):
        return "ncnn"
    if "edgetpu" in runtime:
        return "edgetpu"
    if runtime.startswith(("tflite-cpu", "xnnpack")) or (unit == "cpu" and runtime == "tflite"):
        return "tflite-cpu"
    return "tflite-gpu" if unit == "gpu" and runtime == "tflite" else runtime
