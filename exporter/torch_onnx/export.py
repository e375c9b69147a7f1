"""torch module -> ONNX: the dynamo exporter at opset 23, its constants folded, its result proven on other inputs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter import provenance
from portproof.exporter.inputs import DeclaredInput, dims_of
from portproof.exporter.noise import captured
from portproof.exporter.pinning import pin
from portproof.exporter.sizes import proving_sizes, resized
from portproof.exporter.torch_onnx.dynamic import dynamic_shapes, not_kept
from portproof.exporter.torch_onnx.example import Example
from portproof.exporter.torch_onnx.failure import failure
from portproof.exporter.torch_onnx.prove import accepted, prove
from portproof.exporter.torch_onnx.reference import Arrays, Reference, names_of, run
from portproof.exporter.torch_onnx.views import copy_attention_results
from portproof.runtimes.dims import Dim

if TYPE_CHECKING:
    import onnx_ir as ir

# Attention, GroupNormalization, RMSNormalization, LayerNormalization and Gelu are single nodes from here on.
OPSET = 23


@dataclass(frozen=True, kw_only=True)
class TorchExport:
    """The outcome of one export.

    Attributes:
        model: the ONNX model; inputs carry the names of forward's parameters, outputs those of `names_of`.
        reference: the module as a function of arrays by those names.
        example: the example inputs by name.
        dims: the dimensions that stay dynamic.
        usual: their sizes in the example that the user gave; the traced one may differ, as torch takes equal sizes for
            one dimension.
        messages: warnings for the user.
        log: what torch printed, logged and warned about.
    """

    model: "ir.Model"
    reference: Reference
    example: Arrays
    messages: tuple[Message, ...]
    log: str
    dims: tuple[Dim, ...] = ()
    usual: Mapping[str, int] = field(default_factory=dict)


def export_module(
    module: Any,
    example: Example,
    *,
    declared: Sequence[DeclaredInput] = (),
    samples: Sequence[Arrays] = (),
    seed: int = 0,
) -> TorchExport:
    """Export a module (or an ExportedProgram) and prove the ONNX on inputs other than the traced ones.

    Args:
        module: `torch.nn.Module`, put in evaluation mode; or `torch.export.ExportedProgram`.
        example: from `example.bind`.
        declared: inputs with sizes that are to stay dynamic, by name; the example has a size for each.
        samples: the user's own inputs by name, if any; seeded random ones are always used too.
        seed: of the random inputs.

    Raises:
        PortproofError: E-TORCH-EXPORT naming the user's line; E-TRACE-DIFFERS; E-SHAPE-DYNAMIC naming dimensions
            that torch makes constants; E-MODEL-SHAPE for an archive with dynamic sizes that are not declared.
    """
    runnable = module.eval() if hasattr(module, "forward") else module.module()
    with captured() as noise:
        paths = _output_paths(runnable, example)
        program = _trace(module, example, declared, noise)
        model = _translate(program, noise)
        _tidy(model)
    _refuse_bfloat16(model)
    inputs = [v.name or "" for v in model.graph.inputs]
    outputs = names_of(paths, inputs)
    _name_outputs(model, outputs)
    provenance.fill(model)
    provenance.compact(model)
    if any(v.shape is None or not v.shape.is_static() for v in model.graph.inputs) or declared:
        model = pin(model, [replace(d, dtype="") for d in declared])
    reference = Reference(module=runnable, example=example, input_names=inputs, output_names=outputs)
    arrays = {n: leaf.detach().cpu().numpy() for n, leaf in zip(inputs, example.leaves(), strict=True)}
    dims = dims_of(declared)
    others = [resized(arrays, model, sizes) for sizes in proving_sizes(model, dims)]
    with captured() as more:
        prove(model, reference, arrays, [*samples, *accepted(reference, others)], seed)
    log = noise.getvalue() + more.getvalue()
    return TorchExport(model=model, reference=reference, example=arrays, messages=example.messages, log=log, dims=dims)


def _refuse_bfloat16(model: "ir.Model") -> None:
    import onnx_ir as ir

    graph = model.graph
    found = [v.name or "" for v in (*graph.inputs, *graph.outputs) if v.dtype == ir.DataType.BFLOAT16]
    if found:
        raise PortproofError(
            "E-TORCH-EXPORT",
            f"the model has bfloat16 inputs or outputs: {', '.join(found)}",
            why="no mobile runtime takes bfloat16",
            hint="convert the module and its example inputs: model.float(), x.float()",
        )


def _output_paths(module: Any, example: Example) -> list[tuple[Any, ...]]:
    """Run the module once: a model that fails on its own example needs no exporter to say so."""
    import torch

    try:
        values = run(module, example)
    except Exception as error:
        raise failure("the model fails on its own example inputs", error) from error
    for path, value in values:
        if not isinstance(value, torch.Tensor):
            place = ".".join(map(str, path)) or "the result"
            what = f"output {place} is a Python {type(value).__name__}"
            raise PortproofError("E-TORCH-EXPORT", what, hint="Return tensors only, or wrap it: torch.tensor(value).")
    if not values:
        raise PortproofError("E-TORCH-EXPORT", "the model returns no tensor")
    return [path for path, _ in values]


def _trace(module: Any, example: Example, declared: Sequence[DeclaredInput], noise: Any) -> Any:
    import torch

    if not hasattr(module, "forward"):
        return module
    try:
        shapes = dynamic_shapes(module, example, declared)
        return torch.export.export(module, example.args, example.kwargs, dynamic_shapes=shapes, strict=False)
    except Exception as error:
        about_a_size = not_kept(error, declared)
        if about_a_size is not None:
            raise about_a_size from error
        raise failure("torch cannot trace the model", error, noise.getvalue()) from error


def _translate(program: Any, noise: Any) -> "ir.Model":
    import torch

    try:
        copy_attention_results(program)
        # Unoptimised: torch's own optimiser folds BatchNorm into convolutions and leaves the wrong source lines.
        made = torch.onnx.export(program, dynamo=True, opset_version=OPSET, optimize=False, verbose=False)
    except Exception as error:
        raise failure("torch cannot write the model as ONNX", error, noise.getvalue()) from error
    if made is None:
        raise PortproofError("E-TORCH-EXPORT", "torch's exporter gave no model")
    model: ir.Model = made.model
    return model


def _tidy(model: "ir.Model") -> None:
    """Evaluate the constants that torch's translations leave: shapes, casts, sequences of known length."""
    import onnx_ir.passes.common as passes
    import onnxscript.optimizer

    from portproof.exporter.passes.attention_mask import ExpandAttentionMask

    passes.InlinePass()(model)
    onnxscript.optimizer.fold_constants(model, onnx_shape_inference=False)
    passes.RemoveUnusedNodesPass()(model)
    passes.LiftConstantsToInitializersPass(lift_all_constants=True, size_limit=0)(model)
    passes.DeduplicateInitializersPass()(model)
    passes.RemoveUnusedOpsetsPass()(model)
    ExpandAttentionMask()(model)
    _own_outputs(model)
    passes.NameFixPass()(model)


def _own_outputs(model: "ir.Model") -> None:
    """Give each output a value of its own: one that is an input, a weight or another output gets an Identity."""
    import onnx_ir as ir

    seen: set[ir.Value] = set()
    for place, value in enumerate(model.graph.outputs):
        if value.producer() is None or value in seen:
            copy = ir.Value(name=f"{value.name}_copy_{place}", shape=value.shape, type=value.type)
            model.graph.append(ir.Node("", "Identity", [value], outputs=[copy]))
            model.graph.outputs[place] = copy
        seen.add(value)


def _name_outputs(model: "ir.Model", names: Sequence[str]) -> None:
    """Rename the outputs; whatever inside the graph has one of the names makes way."""
    if len(model.graph.outputs) != len(names):
        what = f"torch's exporter gave {len(model.graph.outputs)} outputs, the model has {len(names)}"
        raise PortproofError("E-TORCH-EXPORT", what, hint="Return every tensor once, in a tuple or a dict.")
    wanted = dict(zip(model.graph.outputs, names, strict=True))
    inside = [v for node in model.graph.all_nodes() for v in node.outputs]
    for value in (*inside, *model.graph.initializers.values()):
        if value.name in names and value not in wanted:
            value.name = f"{value.name}_inner"
    for place, value in enumerate(model.graph.outputs):
        value.name = f"portproof.output.{place}"
    for value, name in wanted.items():
        value.name = name
