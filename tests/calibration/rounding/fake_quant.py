"""A context for steps: a float model with its values rounded as a plan says, run by ONNX Runtime.

Made for tests and apart from Portproof's own placement, so that what steps gain is measured by something else.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray
from onnxruntime import InferenceSession, SessionOptions

from portproof.calibration.graph.access import attribute, constant
from portproof.calibration.plan import Encoding, Layer, LayerWeights, Plan
from portproof.calibration.rounding.grid import WeightGrid
from portproof.calibration.rounding.weight_scales import minmax
from portproof.calibration.steps import Sample

PRODUCTS = ("Conv", "ConvTranspose", "Gemm", "MatMul")


def find_layers(model: ir.Model) -> dict[str, Layer]:
    found = {}
    for node in model.graph:
        weight = constant(node.inputs[1]) if node.op_type in PRODUCTS else None
        if weight is None:
            continue
        (output,) = node.outputs
        users = [user for user, _ in output.uses()]
        fused = len(users) == 1 and users[0].op_type in ("Relu", "Clip")
        convolution = node.op_type.startswith("Conv")
        first = node.op_type == "Conv" or attribute(node, "transB", 0)
        found[node.name] = Layer(
            name=node.name,
            op_type=node.op_type,
            input=node.inputs[0].name,
            output=output.name,
            result=users[0].outputs[0].name if fused else output.name,
            weight=node.inputs[1].name,
            bias=node.inputs[2].name if len(node.inputs) > 2 and node.inputs[2] is not None else "",
            axis=0 if first else 1,
            output_axis=1 if convolution else -1,
            attributes={name: item.value for name, item in node.attributes.items()},
        )
    return found


def nearest(weight: NDArray[Any], axis: int, bias: NDArray[Any] | None = None, bits: int = 8) -> LayerWeights:
    grid = WeightGrid(bits=bits)
    columns = np.moveaxis(weight, axis, 0).reshape(1, weight.shape[axis], -1)
    scales = minmax(columns, grid)
    integers = grid.nearest(columns, scales.astype(np.float64)).reshape(np.moveaxis(weight, axis, 0).shape)
    rounded = np.moveaxis(integers, 0, axis).astype(np.int8)
    return LayerWeights(integers=rounded, scale=scales[0, :, 0], axis=axis, bias=bias, bits=bits)


class FakeQuant:
    """Context of a model and its samples, with min-max ranges of all values (none when `activations` is None)."""

    def __init__(
        self, model: ir.Model, samples: Sequence[dict[str, NDArray[Any]]], activations: str | None = "int8", bits=8
    ) -> None:
        self.model, self.samples, self.seed = model, list(samples), 0
        self._names: dict[int, tuple[Any, InferenceSession]] = {}
        layers = find_layers(model)
        self.arrays = {name: value.const_value.numpy() for name, value in model.graph.initializers.items()}
        weights = {
            name: nearest(self.arrays[layer.weight], layer.axis, self.arrays.get(layer.bias), bits)
            for name, layer in layers.items()
        }
        inner = {layer.output for layer in layers.values() if layer.output != layer.result}
        values = [v.name for v in model.graph.inputs] + [v.name for n in model.graph for v in n.outputs]
        coded = [name for name in values if name not in inner]
        self.plan = Plan(
            layers=layers,
            integer=frozenset(layers if activations else ()),
            weight_only=frozenset(() if activations else layers),
            activations=self._ranges(coded, activations) if activations else {},
            weights=weights,
        )

    def weight(self, layer: str) -> NDArray[np.float32]:
        return self.arrays[self.plan.layers[layer].weight]

    def bias(self, layer: str) -> NDArray[np.float32] | None:
        return self.arrays.get(self.plan.layers[layer].bias)

    def float_values(self, names: Collection[str]) -> Iterator[Sample]:
        return self._run(list(names), None)

    def quantized_values(
        self, names: Collection[str], plan: Plan | None = None, *, plain: bool = False
    ) -> Iterator[Sample]:
        plan = plan or self.plan
        for sample in self._run(list(names), plan):
            codes = {} if plain else plan.activations
            read = {n: codes[n].dequantize(codes[n].quantize(v)) if n in codes else v for n, v in sample.values.items()}
            yield Sample(fingerprint=sample.fingerprint, values=read)

    def outputs(self, plan: Plan | None, samples=None) -> NDArray[Any]:
        names = [v.name for v in self.model.graph.outputs]
        return np.concatenate([s.values[names[0]] for s in self._run(names, plan, samples)])

    def sqnr_db(self, plan: Plan, samples=None) -> float:
        """Of the model's first output."""
        reference, rounded = self.outputs(None, samples), self.outputs(plan, samples)
        return float(10 * np.log10((reference**2).sum() / ((reference - rounded) ** 2).sum()))

    def _ranges(self, names: list[str], dtype: str) -> dict[str, Encoding]:
        low, high = dict.fromkeys(names, 0.0), dict.fromkeys(names, 0.0)
        for sample in self._run(names, None):
            for name, value in sample.values.items():
                if value.dtype == np.float32:
                    low[name], high[name] = min(low[name], float(value.min())), max(high[name], float(value.max()))
        return {name: encoding(low[name], high[name], dtype) for name in names if high[name] > low[name]}

    def _run(self, names: list[str], plan: Plan | None, samples=None) -> Iterator[Sample]:
        session = self._session(names, plan)
        graph_inputs = {v.name for v in self.model.graph.inputs}
        for number, feeds in enumerate(self.samples if samples is None else samples):
            wanted = [name for name in names if name not in graph_inputs]
            values = dict(zip(wanted, session.run(wanted, feeds), strict=True)) if wanted else {}
            values.update({name: feeds[name] for name in graph_inputs.intersection(names)})
            yield Sample(fingerprint=number, values=values)

    def _session(self, names: list[str], plan: Plan | None) -> InferenceSession:
        model = self.model.clone()
        if plan is not None:
            quantize(model, plan)
        outputs = {v.name: v for node in model.graph for v in node.outputs}
        present = {v.name for v in model.graph.outputs}
        model.graph.outputs.extend(outputs[n] for n in names if n in outputs and n not in present)
        settings = SessionOptions()
        settings.intra_op_num_threads = 1
        # Values keep their names and pairs their meaning.
        settings.add_session_config_entry("session.disable_quant_qdq", "1")
        return InferenceSession(ir.to_proto(model).SerializeToString(), settings, providers=["CPUExecutionProvider"])


def encoding(low: float, high: float, dtype: str = "int8") -> Encoding:
    if dtype == "int16":
        return Encoding(scale=float(np.float32(max(-low, high) / 32767)), zero_point=0, dtype="int16")
    scale = float(np.float32((high - low) / 255))
    return Encoding(scale=scale, zero_point=int(np.clip(round(-128 - low / scale), -128, 127)))


def quantize(model: ir.Model, plan: Plan) -> None:
    """Round weights and biases; put a Q and a DQ behind each value with an encoding, in place."""
    for name, weights in plan.weights.items():
        layer = plan.layers[name]
        _set(model, layer.weight, weights.dequantized())
        if weights.bias is not None and layer.bias:
            _set(model, layer.bias, weights.bias)
    values = {v.name: v for v in (*model.graph.inputs, *(v for n in model.graph for v in n.outputs))}
    for name, code in plan.activations.items():
        uses = list(values[name].uses())
        scale = _constant(model, f"{name}_scale", np.float32(code.scale))
        zero = _constant(model, f"{name}_zero", np.asarray(code.zero_point, code.dtype))
        q = ir.Node("", "QuantizeLinear", [values[name], scale, zero], name=f"{name}_q")
        dq = ir.Node("", "DequantizeLinear", [q.outputs[0], scale, zero], name=f"{name}_dq")
        producer = values[name].producer()
        if producer is None:
            model.graph.insert_before(model.graph[0], [q, dq])
        else:
            model.graph.insert_after(producer, [q, dq])
        for node, index in uses:
            node.replace_input_with(index, dq.outputs[0])


def _set(model: ir.Model, name: str, array: NDArray[Any]) -> None:
    model.graph.initializers[name].const_value = ir.tensor(np.ascontiguousarray(array), name=name)


def _constant(model: ir.Model, name: str, array: NDArray[Any]) -> ir.Value:
    value = ir.Value(name=name, const_value=ir.tensor(np.asarray(array), name=name))
    model.graph.register_initializer(value)
    return value
