"""ONNX Runtime behind the Runner protocol: CPU provider, quiet."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.base import BaseRunner, refused
from portproof.runtimes.onnx_format import check
from portproof.runtimes.options import RunOptions
from portproof.runtimes.spec import Array, TensorSpec

_NAME = "ONNX Runtime"
_NUMPY_NAMES = {"float": "float32", "double": "float64"}
_FATAL = 4
# ONNX Runtime has no exception class for these refusals, only text.
_INVALID_TEXTS = ("not acyclic", "invalid model", "Invalid model", "INVALID_GRAPH")


class OnnxRuntimeRunner(BaseRunner):
    """A session on an ``.onnx`` or ``.ort`` file."""

    def __init__(self, path: Path, options: RunOptions) -> None:
        if path.suffix.lower() != ".ort":
            check(path)
        self._session = _session(path, options)
        super().__init__(
            path,
            tuple(_spec(argument) for argument in self._session.get_inputs()),
            tuple(_spec(argument) for argument in self._session.get_outputs()),
        )

    def close(self) -> None:
        """Free the session."""
        self._session = None

    def end_profile(self) -> Path:
        """Close the trace asked for by `RunOptions.profile_prefix` and say where it is (Chrome trace JSON)."""
        return Path(self._session.end_profiling())

    def _run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        names = [spec.name for spec in self.outputs]
        try:
            values = self._session.run(names, dict(inputs))
        except Exception as error:  # its own hierarchy, derived from Exception only
            raise refused(self.path, _NAME, error, "run") from error
        return dict(zip(names, values, strict=True))


def _session(path: Path, options: RunOptions) -> Any:
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = options.threads
    settings.inter_op_num_threads = 1
    settings.log_severity_level = _FATAL  # what matters comes as an exception
    if options.kernels == "reference":
        settings.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    if options.profile_prefix:
        settings.enable_profiling = True
        settings.profile_file_prefix = options.profile_prefix
    try:
        return onnxruntime.InferenceSession(str(path), settings, providers=["CPUExecutionProvider"])
    except Exception as error:  # its own hierarchy, derived from Exception only
        raise _load_error(path, error) from error


def _load_error(path: Path, error: Exception) -> PortproofError:
    text, kind = str(error), type(error).__name__
    code = "E-RUN"
    if kind == "InvalidProtobuf" or path.suffix.lower() == ".ort":
        code = "E-MODEL-FORMAT"
    elif "External data" in text or "external data" in text:
        code = "E-MODEL-EXTERNAL"
    elif any(part in text for part in _INVALID_TEXTS):
        code = "E-MODEL-INVALID"
    return PortproofError(code, f"{_NAME} refused to load {path.name}", where=str(path), why=text.strip())


def _spec(argument: Any) -> TensorSpec:
    """The specification of a session's ``NodeArg``; symbolic dimensions are names there."""
    kind = str(argument.type)
    name = kind.removeprefix("tensor(").removesuffix(")")
    shape = tuple(size if isinstance(size, int) and size >= 0 else None for size in argument.shape or ())
    return TensorSpec(name=argument.name, shape=shape, dtype=_NUMPY_NAMES.get(name, name))
