"""Converts a small model with dynamic dimensions and runs the file at many sizes, XNNPACK on and off."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import onnx
import onnx_ir as ir
from tests.exporter.tflite.harness import onnx_outputs

from portproof.exporter.inputs import dims_of, parse
from portproof.exporter.pinning import pin
from portproof.exporter.simplify.pipeline import run_passes
from portproof.exporter.tflite.conversion import Converted, convert_model

Sizes = Mapping[str, int]
Feed = Callable[[Sizes], dict[str, np.ndarray]]


def symbolic(text: str, **weights: np.ndarray) -> ir.Model:
    """A model of ONNX text; `weights` are constants of the graph, numbers drawn for those given by shape."""
    proto = onnx.parser.parse_model(text)
    for name, array in weights.items():
        proto.graph.initializer.append(onnx.numpy_helper.from_array(array, name))
    return ir.from_proto(onnx.shape_inference.infer_shapes(proto, data_prop=True))


def weight(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng([seed, *shape]).normal(size=shape, scale=0.4).astype(np.float32)


def converted(model: ir.Model, declared: Sequence[str], **options: object) -> tuple[ir.Model, Converted]:
    """The model with its dimensions named, and the file."""
    inputs = [parse(text) for text in declared]
    named = run_passes(pin(model, inputs))
    return named, convert_model(named, dims=dims_of(inputs), **options)  # type: ignore[arg-type]


def floats(model: ir.Model) -> Feed:
    """Random inputs of any size for a model whose inputs are float32."""

    def feed(sizes: Sizes) -> dict[str, np.ndarray]:
        chance = np.random.default_rng(sum(sizes.values()))
        shapes = {
            value.name: [size if isinstance(size, int) else sizes[size.value] for size in value.shape]
            for value in model.graph.inputs
        }
        return {name: chance.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}

    return feed


def check_sizes(
    model: ir.Model,
    declared: Sequence[str],
    sizes: Sequence[Sizes],
    *,
    feed: Feed | None = None,
    rtol: float = 1e-4,
    atol: float = 1e-4,
    **options: object,
) -> Converted:
    """Asserts that one file, resized from one size to the next, agrees with ONNX Runtime at each."""
    named, file = converted(model, declared, **options)
    feed = feed or floats(named)
    for reference in (False, True):
        run = runner(file, reference=reference)
        for at in sizes:
            inputs = feed(at)
            want = onnx_outputs(named, inputs)
            got = run(inputs)
            for name, array in want.items():
                assert got[name].shape == array.shape, (name, at)
                np.testing.assert_allclose(got[name], array, rtol=rtol, atol=atol, err_msg=f"{name} at {dict(at)}")
    return file


def runner(file: Converted, *, reference: bool) -> Callable[[Mapping[str, np.ndarray]], dict[str, np.ndarray]]:
    """The file as a function of arrays in ONNX's axes; one interpreter, resized at every call."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    resolver = OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES if reference else OpResolverType.AUTO
    interpreter = Interpreter(model_content=bytes(file.data), num_threads=1, experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()  # at the sizes the file has
    signature = interpreter.get_signature_runner()

    def run(inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        perms = file.input_perms
        fed = {n: np.ascontiguousarray(a.transpose(perms[n])) if n in perms else a for n, a in inputs.items()}
        got = signature(**fed)
        perms = file.output_perms
        return {n: a.transpose(np.argsort(perms[n])) if n in perms else a for n, a in got.items()}

    return run
