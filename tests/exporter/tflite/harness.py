"""Converts a small ONNX model and runs it in LiteRT; the oracle is ONNX Runtime, or ONNX's reference evaluator."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
import onnx.reference
import onnx_ir as ir

from portproof.exporter.tflite.conversion import convert_model, op_counts
from portproof.exporter.tflite.lower import lower
from portproof.exporter.tflite.writer.model import write

Arrays = Mapping[str, np.ndarray]
IO_LAYOUTS = ("keep", "auto")


def model_of(text: str, **initializers: np.ndarray) -> ir.Model:
    """A model from ONNX text; `initializers` become constants of the graph (declared nowhere in the text)."""
    proto = onnx.parser.parse_model(text)
    for name, array in initializers.items():
        proto.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    return inferred(proto)


def node_model(
    op: str,
    inputs: Mapping[str, np.ndarray],
    *,
    constants: Mapping[str, np.ndarray] | None = None,
    order: Sequence[str] | None = None,
    outputs: Sequence[str] = ("y",),
    opset: int = 23,
    domain: str = "",
    **attributes: Any,
) -> ir.Model:
    """A model of one node.

    Args:
        op: the ONNX operator.
        inputs: run-time inputs by name; their arrays give shapes and types.
        constants: inputs that are initializers.
        order: all input names in the operator's order ("" for one left out); run-time inputs then constants if None.
        outputs: names of the node's outputs.
        opset: of ai.onnx (or of `domain`).
        domain: the node's domain.
        attributes: of the node; None is left out.
    """
    constants = constants or {}
    names = list(order if order is not None else [*inputs, *constants])
    attributes = {key: value for key, value in attributes.items() if value is not None}
    node = onnx.helper.make_node(op, names, list(outputs), domain=domain, **attributes)
    graph = onnx.helper.make_graph(
        [node],
        "g",
        [_info(name, array) for name, array in inputs.items()],
        [onnx.ValueInfoProto(name=name) for name in outputs],
        [onnx.numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    opsets = [onnx.helper.make_opsetid(domain, opset)]
    return inferred(onnx.helper.make_model(graph, opset_imports=opsets, ir_version=10))


def inferred(proto: onnx.ModelProto) -> ir.Model:
    """With shapes and types of every value."""
    return ir.from_proto(onnx.shape_inference.infer_shapes(proto, data_prop=True))


def tflite_outputs(
    data: bytes | memoryview, inputs: Arrays, perms_in: Arrays | None = None, *, reference: bool = False
) -> dict[str, np.ndarray]:
    """Runs a TFLite file in this process; `reference` turns XNNPACK off."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES if reference else OpResolverType.AUTO
    interpreter = Interpreter(model_content=bytes(data), num_threads=1, experimental_op_resolver_type=resolver)
    runner = interpreter.get_signature_runner()
    return dict(runner(**{name: array for name, array in inputs.items() if name in runner.get_input_details()}))


def onnx_outputs(model: ir.Model, inputs: Arrays, *, oracle: str = "ort") -> dict[str, np.ndarray]:
    """The outputs of the ONNX model by name; `oracle` is "ort" or "reference" (onnx.reference)."""
    proto = ir.to_proto(model)
    names = [value.name for value in model.graph.outputs]
    if oracle == "reference":
        results = onnx.reference.ReferenceEvaluator(proto).run(None, dict(inputs))
    else:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        # Its optimizer folds a Pad with zeros into a MaxPool, which pads with the lowest number.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.intra_op_num_threads = 1
        session = onnxruntime.InferenceSession(proto.SerializeToString(), options, providers=["CPUExecutionProvider"])
        results = session.run(None, dict(inputs))
    return dict(zip(names, results, strict=True))


def check(
    model: ir.Model,
    inputs: Arrays,
    *,
    oracle: str = "ort",
    rtol: float = 1e-5,
    atol: float = 1e-6,
    expect: Sequence[str] | None = None,
) -> None:
    """Asserts that the literal lowering and the converted files (both I/O layouts) agree with the oracle.

    Args:
        model: the ONNX model.
        inputs: run-time inputs by name.
        oracle: see `onnx_outputs`.
        rtol: relative tolerance.
        atol: absolute tolerance, relative to nothing.
        expect: the TFLite operators that the converted model with ``io_layout="keep"`` must have, sorted, with repeats.
    """
    want = onnx_outputs(model, inputs, oracle=oracle)
    _agree(tflite_outputs(write(lower(model)), inputs), want, rtol, atol, "literal lowering")
    for io_layout in IO_LAYOUTS:
        converted = convert_model(model, io_layout=io_layout)
        fed = {n: a.transpose(converted.input_perms.get(n, range(a.ndim))) for n, a in inputs.items()}
        got = tflite_outputs(converted.data, {n: np.asarray(a, order="C") for n, a in fed.items()})
        got = {n: _back(a, converted.output_perms.get(n)) for n, a in got.items()}
        _agree(got, want, rtol, atol, f"io_layout={io_layout}")
        if io_layout == "keep":
            assert not converted.input_perms
            assert not converted.output_perms
            if expect is not None:
                ops = [name for name, count in converted.op_counts.items() for _ in range(count)]
                assert ops == sorted(expect)


def ops_of(model: ir.Model) -> dict[str, int]:
    """Operator counts of the literal lowering."""
    return op_counts(lower(model))


def _back(array: np.ndarray, perm: Sequence[int] | None) -> np.ndarray:
    return array if perm is None else array.transpose(np.argsort(perm))


def _agree(got: Mapping[str, np.ndarray], want: Mapping[str, np.ndarray], rtol: float, atol: float, what: str) -> None:
    assert set(got) == set(want), what
    for name, array in want.items():
        assert got[name].dtype == array.dtype, f"{what}: {name} is {got[name].dtype}, not {array.dtype}"
        assert got[name].shape == array.shape, f"{what}: {name} is {got[name].shape}, not {array.shape}"
        np.testing.assert_allclose(got[name], array, rtol=rtol, atol=atol, err_msg=f"{what}: {name}")


def _info(name: str, array: np.ndarray) -> onnx.ValueInfoProto:
    return onnx.helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
