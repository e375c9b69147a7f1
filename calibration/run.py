"""Runs models in memory with ONNX Runtime, any of their values as outputs, and holds none of them."""

from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from portproof.calibration.samples import Inputs
from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.spec import Array, TensorSpec

if TYPE_CHECKING:
    import onnx_ir as ir

_FATAL = 4


def to_bytes(model: "ir.Model", watched: Collection[str] = ()) -> bytes:
    """ONNX bytes of a model that gives `watched`, in this order, beside its own outputs.

    Raises:
        PortproofError: ``E-MODEL-UNSUPPORTED`` above the 2 GiB that protobuf ends at.
    """
    import onnx
    import onnx_ir as ir

    proto = ir.serde.serialize_model(model)
    own = {output.name for output in proto.graph.output}
    for name in watched:
        if name not in own:
            proto.graph.output.append(onnx.ValueInfoProto(name=name))
    try:
        data: bytes = proto.SerializeToString(deterministic=True)
    except Exception as error:  # protobuf's EncodeError, whose module has no types
        raise PortproofError(
            "E-MODEL-UNSUPPORTED", "models above 2 GiB cannot be calibrated", why=str(error)
        ) from error
    return data


def session(data: bytes, *, integers: bool = False) -> Any:
    """An ONNX Runtime session on one thread, so that sums are the same on every machine of a kind.

    Args:
        data: of the model.
        integers: whether Q/DQ pairs become integer kernels, as an app gets them; else they are computed as they
            stand, in float32 between them: that is the model's meaning, and leaves the values between visible.

    Raises:
        PortproofError: ``E-RUN``: the runtime refuses the model.
    """
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = settings.inter_op_num_threads = 1
    settings.log_severity_level = _FATAL
    if not integers:
        settings.add_session_config_entry("session.disable_quant_qdq", "1")
    try:
        return onnxruntime.InferenceSession(data, settings, providers=["CPUExecutionProvider"])
    except Exception as error:  # its own hierarchy, derived from Exception only
        raise PortproofError("E-RUN", "ONNX Runtime refused the model", why=str(error).strip()) from error


def values(running: Any, names: Collection[str], sample: Inputs) -> dict[str, Array]:
    """Some values of one run, by name.

    Raises:
        PortproofError: ``E-RUN``.
    """
    wanted = list(names)
    if not wanted:  # ONNX Runtime gives all outputs then
        return {}
    try:
        return dict(zip(wanted, running.run(wanted, dict(sample)), strict=True))
    except Exception as error:  # its own hierarchy, derived from Exception only
        raise PortproofError("E-RUN", "ONNX Runtime stopped while running the model", why=str(error).strip()) from error


def stream(model: "ir.Model", names: Collection[str], samples: Iterable[Inputs]) -> Iterator[dict[str, Array]]:
    """Some values of a model for each sample in turn; one sample's are in memory at a time."""
    running = session(to_bytes(model, names))
    for sample in samples:
        yield values(running, names, sample)


def input_specs(model: "ir.Model") -> tuple[TensorSpec, ...]:
    """The inputs of a model; a dimension that is open is None."""
    specs = []
    for value in model.graph.inputs:
        shape = value.shape if value.shape is not None else ()
        dims = tuple(size if isinstance(size, int) else None for size in shape)
        dtype = value.dtype.numpy().name if value.dtype is not None else "float32"
        specs.append(TensorSpec(name=value.name or "", shape=dims, dtype=dtype))
    return tuple(specs)
