"""Runs an `onnx_ir.Model` in this process, to prove that a step of the pipeline changed nothing.

Only for models that have passed `onnx_io.load` or that Portproof made itself; files that were written are run by
`portproof.runtimes`, in a child process.
"""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from portproof.device_profiles.errors import PortproofError
from portproof.exporter import onnx_io, onnx_weights
from portproof.exporter.scratch import Scratch

if TYPE_CHECKING:
    import onnx_ir as ir

Arrays = dict[str, NDArray[Any]]
_IN_MEMORY_BYTES = 1_500_000_000
_ERRORS_ONLY = 3


class OnnxFunction:
    """A model as a function of arrays, run by ONNX Runtime on one thread with its graph optimisations off.

    Off, because the model is to be run as it is written, and because they cost more than a few runs gain.

    Attributes:
        input_names: the names `run` needs, in order.
        output_names: the names it gives, in order.
    """

    def __init__(self, model: "ir.Model") -> None:
        self.input_names = [v.name or "" for v in model.graph.inputs if not v.is_initializer()]
        self.output_names = [v.name or "" for v in model.graph.outputs]
        self._folder: Scratch | None = None
        self._weights: Arrays = {}
        self._session = self._lean(model) or self._session_of(self._content(model))

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> Arrays:
        """The outputs for one sample; inputs the model does not have are ignored.

        Raises:
            PortproofError: E-RUN when ONNX Runtime refuses.
        """
        feeds = self._weights | {name: np.asarray(inputs[name], order="C") for name in self.input_names}
        try:
            values: Sequence[NDArray[Any]] = self._session.run(self.output_names, feeds)
        except Exception as error:  # ONNX Runtime has its own exception types, one per status
            raise _refused(error) from error
        return dict(zip(self.output_names, values, strict=True))

    def __enter__(self) -> "OnnxFunction":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._session, self._weights = None, {}
        if self._folder is not None:
            self._folder.close()

    def _lean(self, model: "ir.Model") -> Any:
        """A session that is fed the large weights with every run, as arrays that it does not copy; None if refused.

        Some kernels take weights only as constants.
        """
        with onnx_weights.as_inputs(model) as tensors:
            if not tensors:
                return None
            content = onnx_io.to_bytes(model)
        try:
            session = self._session_of(content)
        except PortproofError:
            return None
        self._weights = {name: np.asarray(tensor.numpy(), order="C") for name, tensor in tensors.items()}
        return session

    def _session_of(self, content: bytes | str) -> Any:
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY + 1
        try:
            return ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise _refused(error) from error

    def _content(self, model: "ir.Model") -> bytes | str:
        """The model as bytes, or as a temporary file with its weights beside when it is too large for bytes."""
        if onnx_io.weight_bytes(model) <= _IN_MEMORY_BYTES:
            return onnx_io.to_bytes(model)
        self._folder = Scratch()
        return str(onnx_io.save(model, self._folder.path / "model.onnx")[0])


class SlowFunction:
    """A model as a function of arrays, run by ONNX's own evaluator: it has operators that ONNX Runtime lacks.

    Among them are the oldest and the newest operator sets. It computes with numpy, much slower.
    """

    def __init__(self, model: "ir.Model") -> None:
        from onnx.reference import ReferenceEvaluator

        self.output_names = [v.name or "" for v in model.graph.outputs]
        self.input_names = [v.name or "" for v in model.graph.inputs if not v.is_initializer()]
        try:
            self._evaluator = ReferenceEvaluator(onnx_io.to_proto(model))
        except Exception as error:  # for operators that it does not know
            raise _refused(error, "ONNX's evaluator") from error

    def run(self, inputs: Mapping[str, NDArray[Any]]) -> Arrays:
        """The outputs for one sample; inputs the model does not have are ignored.

        Raises:
            PortproofError: E-RUN when it fails.
        """
        try:
            with np.errstate(all="ignore"):
                values = self._evaluator.run(None, {name: inputs[name] for name in self.input_names})
        except Exception as error:  # it raises whatever numpy does
            raise _refused(error, "ONNX's evaluator") from error
        return {name: np.asarray(value) for name, value in zip(self.output_names, values, strict=True)}

    def __enter__(self) -> "SlowFunction":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        """Nothing is held."""


def _refused(error: Exception, who: str = "ONNX Runtime") -> PortproofError:
    return PortproofError("E-RUN", f"{who} cannot run the model", why=(str(error).splitlines() or [repr(error)])[0])
