"""Runs in a child process: onnxsim from file to file.

onnxsim's compiled core is called as `onnxsim.simplify` calls it, without the Python around it: that takes 1.5 s of CPU
to import (see `extensions`). Where the core is not what it was when this was written, `onnxsim.simplify` is called.
"""

import os
import sys
from typing import Any

# BatchNorm is folded by Portproof: in float64, and with the convolution's own source line.
_SKIPPED = ["fuse_bn_into_conv"]
_LARGEST_FOLDED_BYTES = 3 << 29
"""onnxsim's own limit, 1.5 GB."""


def main(source: str, target: str) -> int:
    """Simplify the ONNX file `source` into `target`."""
    # onnxsim imports torch where it is installed, three seconds of CPU, for exports that are not used here.
    sys.modules.setdefault("torch", None)  # type: ignore[arg-type]
    try:
        by_core(source, target)
    except Exception:  # the core is not a public interface: any failure of it is worth a second try
        by_package(source, target)
    return 0


def by_core(source: str, target: str) -> None:
    """Simplify by the compiled core alone.

    Raises:
        Exception: of any kind, where the core refuses or its interface has changed.
    """
    from portproof.exporter.extensions import extension

    core = extension("onnxsim", "onnxsim_cpp2py_export")
    os.environ["ONNXSIM_GEMM_FUSION_BACKEND"] = "ort_cpu"  # what onnxsim's Python sets by default
    core.simplify_path(
        _executor(core),
        source,
        target,
        skip_optimizers=list(_SKIPPED),
        tensor_size_threshold=_LARGEST_FOLDED_BYTES,
        target_opset_version=None,
        rewriter=None,
        mutable_initializer=False,
        overwrite_input_shapes=None,
        unused_output=None,
        extra_optimizers=None,
    )
    extension("onnx", "onnx_cpp2py_export").checker.check_model_path(target, False, False, False)


def by_package(source: str, target: str) -> None:
    """Simplify by `onnxsim.simplify`."""
    import onnx
    import onnxsim

    simplified, _ = onnxsim.simplify(source, import_custom_schemas=False, skip_fuse_bn=True)
    onnx.save(simplified, target)


def _executor(core: Any) -> Any:
    """What the core evaluates nodes by that it wants folded: ONNX Runtime, as onnxsim's own Python does."""

    class Executor(core.ModelExecutor):  # type: ignore[misc]  # (a compiled base class)
        def Run(self, model: bytes, inputs: list[bytes]) -> list[bytes]:  # noqa: N802 (the name is the core's)
            return evaluate(model, inputs)

    return Executor()


def evaluate(model: bytes, inputs: list[bytes]) -> list[bytes]:
    """The outputs of an ONNX model for its inputs in order, each a serialised TensorProto."""
    import onnx
    import onnxruntime
    from onnx import numpy_helper

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_mem_pattern = False  # planned for the second run; there is one
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_inputs()]
    arrays = [numpy_helper.to_array(onnx.TensorProto.FromString(data)) for data in inputs]
    results = session.run(None, dict(zip(names, arrays, strict=False)))
    return [numpy_helper.from_array(array).SerializeToString() for array in results]
