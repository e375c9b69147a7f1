"""ONNX Runtime behind the Runner protocol: CPU provider, quiet."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.base import BaseRunner, refused
from portproof.runtimes.onnx_format import check
from portproof.runtimes.options import RunOptions
from portproof.runtimes.ort_profile import operator_times
from portproof.runtimes.spec import Array, TensorSpec

_NAME = "ONNX Runtime"
_NUMPY_NAMES = {"float": "float32", "double": "float64"}
_FATAL = 4
_PROFILED_RUNS = 5
# ONNX Runtime has no exception class for these refusals, only text.
_INVALID_TEXTS = ("not acyclic", "invalid model", "Invalid model", "INVALID_GRAPH")


class OnnxRuntimeRunner(BaseRunner):
    """A session on an ``.onnx`` or ``.ort`` file."""

    def __init__(self, path: Path, options: RunOptions) -> None:
        if options.signature:
            raise _no_signatures(path, options.signature)
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

    @classmethod
    def profiled(cls, path: Path, threads: int, inputs: Mapping[str, Array]) -> list[dict[str, Any]]:
        """Per-operator times of a file, slowest first: see `ort_profile.operator_times`."""
        with tempfile.TemporaryDirectory() as folder:
            options = RunOptions(threads=threads, profile_prefix=str(Path(folder, "profile")))
            with cls(path, options) as runner:
                for _ in range(_PROFILED_RUNS):
                    runner.run(inputs)
                return operator_times(Path(runner._session.end_profiling()), _PROFILED_RUNS)

    def run_unchecked(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run without the checks on what is fed: for callers that made sure, and for timing."""
        names = [spec.name for spec in self.outputs]
        try:
            values = self._session.run(names, dict(inputs))
        except Exception as error:  # its own hierarchy, derived from Exception only
            raise refused(self.path, _NAME, error, "run") from error
        return dict(zip(names, values, strict=True))


def _no_signatures(path: Path, wanted: str) -> PortproofError:
    what = f"{path.name} has no signature {wanted!r}"
    return PortproofError("E-USAGE", what, where=str(path), why="an ONNX file holds one function, without a name")


def import_runtime() -> None:
    """Load the package, for what wants to know its size or cost apart from a model's."""
    import onnxruntime  # noqa: F401


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
