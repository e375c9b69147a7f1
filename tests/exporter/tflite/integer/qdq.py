"""Small quantized models, written as float ones: every tensor gets its pair, every weight its integers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import onnx
import onnx_ir as ir
import onnxruntime
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from onnx import helper, numpy_helper
from tests.exporter.tflite.harness import inferred

from portproof.exporter.tflite.conversion import Converted, convert_model

Arrays = Mapping[str, np.ndarray]
Scale = tuple[float, int]
HEAD = '<ir_version: 10, opset_import: ["" : 21]> g '
ENDS = {"int8": (-128, 127), "uint8": (0, 255), "int16": (-32767, 32767)}


@dataclass(frozen=True, kw_only=True)
class Quantized:
    """A model with pairs.

    Attributes:
        model: ONNX's.
        scales: by the name of the tensor of the float model.
        inputs: what its ranges were found with.
    """

    model: ir.Model
    scales: dict[str, Scale]
    inputs: Arrays


@dataclass(kw_only=True)
class _Pairs:
    """Collects the nodes of a model with pairs."""

    nodes: list[onnx.NodeProto] = field(default_factory=list)
    constants: list[onnx.TensorProto] = field(default_factory=list)

    def constant(self, name: str, array: np.ndarray) -> str:
        self.constants.append(numpy_helper.from_array(array, name))
        return name

    def pair(self, source: str, target: str, scale: Scale, dtype: str) -> None:
        """`target` is `source`, quantized and dequantized."""
        names = [self.constant(f"{target}.s", np.float32(scale[0])), ""]
        names[1] = self.constant(f"{target}.z", np.array(scale[1], dtype))
        self.nodes.append(helper.make_node("QuantizeLinear", [source, *names], [f"{target}.q"]))
        self.nodes.append(helper.make_node("DequantizeLinear", [f"{target}.q", *names], [target]))

    def weights(self, name: str, array: np.ndarray, axis: int | None, zero: int = 0) -> np.ndarray:
        """The constant `name` as int8; gives its scales."""
        others = tuple(other for other in range(array.ndim) if other != axis) if axis is not None else None
        scale = np.asarray(np.abs(array).max(axis=others) / 127 + 1e-9, np.float32)
        shape = [-1 if other == axis else 1 for other in range(array.ndim)]
        numbers = np.rint(array / (scale if axis is None else scale.reshape(shape))).astype(np.int8)
        names = [self.constant(f"{name}.q", numbers), self.constant(f"{name}.s", scale)]
        names.append(self.constant(f"{name}.z", np.full(scale.shape, zero, np.int8)))
        self.nodes.append(helper.make_node("DequantizeLinear", names, [name], axis=axis or 0))
        return scale

    def bias(self, name: str, array: np.ndarray, scale: np.ndarray) -> None:
        """The constant `name` as int32 in steps of `scale`."""
        names = [self.constant(f"{name}.q", np.rint(array / scale).astype(np.int32))]
        names.append(self.constant(f"{name}.s", scale.astype(np.float32)))
        self.nodes.append(helper.make_node("DequantizeLinear", names, [name], axis=0))


def quantized(
    text: str,
    inputs: Arrays,
    *,
    weights: Mapping[str, tuple[np.ndarray, int | None]] | None = None,
    biases: Mapping[str, tuple[np.ndarray, str, str]] | None = None,
    constants: Arrays | None = None,
    skip: Sequence[str] = (),
    same: Sequence[Sequence[str]] = (),
    fixed: Mapping[str, Scale] | None = None,
    dtype: str = "int8",
    wide: Sequence[str] = (),
) -> Quantized:
    """The float model `text` with a pair on every float32 tensor.

    Args:
        text: in ONNX's text form, behind `HEAD`.
        inputs: run-time inputs by name; ranges are those that ONNX Runtime sees with them.
        weights: float32 constants and the axis of their scales; None for one scale.
        biases: float32 constants, with the names of the input and of the weights whose scales are multiplied.
        constants: other constants.
        skip: tensors without a pair.
        same: groups of tensors with one scale.
        fixed: tensors whose scale is given.
        dtype: of the activations.
        wide: those that are int16 all the same.
    """
    float_model = onnx.parser.parse_model(HEAD + text)
    floats = {**{n: a for n, (a, _) in (weights or {}).items()}, **{n: b[0] for n, b in (biases or {}).items()}}
    held = [numpy_helper.from_array(a, n) for n, a in {**floats, **(constants or {})}.items()]
    float_model.graph.initializer.extend(held)
    ranges = _ranges(float_model, inputs)
    kinds = {name: "int16" if name in wide else dtype for name in ranges}
    scales = {name: scale_of(low, high, kinds[name]) for name, (low, high) in ranges.items()}
    for group in same:
        largest = max((scales[name] for name in group), key=lambda item: item[0])
        scales.update(dict.fromkeys(group, largest))
    scales.update(fixed or {})
    pairs = _Pairs()
    steps = {name: pairs.weights(name, array, axis) for name, (array, axis) in (weights or {}).items()}
    for name, (array, data, of) in (biases or {}).items():
        pairs.bias(name, array, np.broadcast_to(steps[of] * np.float32(scales[data][0]), array.shape))
    for name, array in (constants or {}).items():
        pairs.constant(name, array)
    graph = float_model.graph
    paired = [name for name in scales if name not in skip]
    for name in (value.name for value in graph.input if value.name in paired):
        pairs.pair(name, f"{name}.dq", scales[name], kinds[name])
    ends = {value.name for value in graph.output}
    for node in graph.node:
        reads = [f"{n}.dq" if n in paired and n not in ends else n for n in node.input]
        gives = [f"{n}.real" if n in paired else n for n in node.output]
        new = onnx.NodeProto()
        new.CopyFrom(node)
        del new.input[:], new.output[:]
        new.input.extend(reads)
        new.output.extend(gives)
        pairs.nodes.append(new)
        for name in (n for n in node.output if n in paired):
            pairs.pair(f"{name}.real", name if name in ends else f"{name}.dq", scales[name], kinds[name])
    made = helper.make_graph(pairs.nodes, "g", graph.input, graph.output, pairs.constants)
    proto = helper.make_model(made, opset_imports=float_model.opset_import, ir_version=10)
    return Quantized(model=inferred(proto), scales=scales, inputs=inputs)


def with_weights(
    text: str, weights: Mapping[str, tuple[np.ndarray, int | None]], *, dynamic: Sequence[str] = ()
) -> ir.Model:
    """The float model `text` with int8 weights; what reads a tensor of `dynamic` reads it quantized."""
    model = onnx.parser.parse_model(HEAD + text)
    pairs = _Pairs()
    for name, (array, axis) in weights.items():
        pairs.weights(name, array, axis)
    for name in dynamic:
        parts = [f"{name}.{part}" for part in "qsz"]
        pairs.nodes.append(helper.make_node("DynamicQuantizeLinear", [name], parts))
        pairs.nodes.append(helper.make_node("DequantizeLinear", parts, [f"{name}.dq"]))
    for node in model.graph.node:
        if node.op_type in ("MatMul", "Gemm", "Conv", "ConvTranspose", "Neg"):
            node.input[0] = f"{node.input[0]}.dq" if node.input[0] in dynamic else node.input[0]
        pairs.nodes.append(node)
    made = helper.make_graph(pairs.nodes, "g", model.graph.input, model.graph.output, pairs.constants)
    return inferred(helper.make_model(made, opset_imports=model.opset_import, ir_version=10))


def scale_of(low: float, high: float, dtype: str) -> Scale:
    """Asymmetric, with 0 inside; symmetric for int16."""
    first, last = ENDS[dtype]
    if dtype == "int16":
        return float(np.float32(max(-low, high, 1e-6) / last)), 0
    low, high = min(low, 0.0), max(high, 1e-6)
    scale = np.float32((high - low) / (last - first))
    return float(scale), int(np.clip(np.rint(first - low / scale), first, last))


def _ranges(model: onnx.ModelProto, inputs: Arrays) -> dict[str, tuple[float, float]]:
    all_values = onnx.ModelProto()
    all_values.CopyFrom(onnx.shape_inference.infer_shapes(model))
    known = {value.name for value in all_values.graph.output}
    all_values.graph.output.extend([v for v in all_values.graph.value_info if v.name not in known])
    names = [value.name for value in all_values.graph.output]
    found = dict(zip(names, _session(all_values, optimise=False).run(None, dict(inputs)), strict=True)) | dict(inputs)
    return {n: (float(a.min()), float(a.max())) for n, a in found.items() if a.dtype == np.float32}


def _session(model: onnx.ModelProto, *, optimise: bool) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    levels = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = levels.ORT_ENABLE_ALL if optimise else levels.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def reference(model: ir.Model, inputs: Arrays, *, optimise: bool = False) -> dict[str, np.ndarray]:
    """What ONNX Runtime gives; `optimise` lets it use its own integer kernels."""
    names = [value.name for value in model.graph.outputs]
    return dict(zip(names, _session(ir.to_proto(model), optimise=optimise).run(None, dict(inputs)), strict=True))


def steps_apart(quantized: Quantized, got: Arrays, want: Arrays) -> dict[str, np.ndarray]:
    """How many steps of its own scale each output is away from what it should be."""
    return {name: np.abs(got[name] - want[name]) / quantized.scales[name][0] for name in want}


def kernels(data: bytes | memoryview) -> dict[tuple[str, str], int]:
    """How many operators of each kind give tensors of each type."""
    plain = Interpreter(
        model_content=bytes(data), experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    )
    found: dict[tuple[str, str], int] = {}
    for op in plain._get_ops_details():
        kind = np.dtype(plain._get_tensor_details(op["outputs"][0], 0)["dtype"]).name
        found[op["op_name"], kind] = found.get((op["op_name"], kind), 0) + 1
    return found


def partitions(data: bytes | memoryview) -> tuple[int, int]:
    """In how many parts XNNPACK takes the graph, and how many outputs the built-in kernels give."""
    interpreter = Interpreter(model_content=bytes(data), num_threads=1)
    interpreter.allocate_tensors()
    details = interpreter._get_ops_details()
    delegates = [op for op in details if op["op_name"] == "DELEGATE"]
    given = {int(index) for op in delegates for index in op["outputs"]}
    return len(delegates), len({int(item["index"]) for item in interpreter.get_output_details()} - given)


def run(converted: Converted, inputs: Arrays, *, builtin: bool = False) -> dict[str, np.ndarray]:
    """The outputs of a file, in the source's axes; `builtin` turns XNNPACK off."""
    resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES if builtin else OpResolverType.AUTO
    interpreter = Interpreter(
        model_content=bytes(converted.data), num_threads=1, experimental_op_resolver_type=resolver
    )
    fed = {
        n: np.asarray(a.transpose(converted.input_perms.get(n, range(a.ndim))), order="C") for n, a in inputs.items()
    }
    got = dict(interpreter.get_signature_runner()(**fed))
    perms = converted.output_perms
    return {n: a.transpose(np.argsort(perms[n])) if n in perms else a for n, a in got.items()}


def check(
    quantized: Quantized,
    expect: Mapping[str, str],
    *,
    builtin: bool = False,
    io_layout: str = "keep",
    one_partition: bool = False,
    apart: float = 0.001,
) -> Converted:
    """Asserts that a model is converted to the kernels expected, and that these give ONNX Runtime's numbers.

    Args:
        quantized: the model.
        expect: operators that must be there, with the types of what they give, separated by blanks.
        builtin: leave XNNPACK out.
        io_layout: of `convert_model`.
        one_partition: whether XNNPACK must take everything at once.
        apart: the part of all elements that may be more than a step away.
    """
    converted = convert_model(quantized.model, io_layout=io_layout)
    found = kernels(converted.data)
    for op, types in expect.items():
        assert sorted(kind for name, kind in found if name == op) == sorted(types.split()), found
    got = run(converted, quantized.inputs, builtin=builtin)
    wanted = [reference(quantized.model, quantized.inputs, optimise=optimise) for optimise in (False, True)]
    far = [_part_apart(steps_apart(quantized, got, want)) for want in wanted]
    assert min(far) <= apart, f"{far} of the elements are more than a step away"
    if one_partition:
        assert partitions(converted.data) == (1, 0), found
    return converted


def _part_apart(steps: Mapping[str, np.ndarray]) -> float:
    flat = np.concatenate([array.reshape(-1) for array in steps.values()])
    return float((flat > 1.01).mean())


def sample(shape: Sequence[int], seed: int = 0, size: float = 1.0) -> np.ndarray:
    """Normal numbers, float32."""
    return (size * np.random.default_rng(seed).standard_normal(shape)).astype(np.float32)
