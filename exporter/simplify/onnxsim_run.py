"""onnxsim in a child process, its result taken only when it kept the model's signature."""

from pathlib import Path
from typing import TYPE_CHECKING

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter import onnx_io, onnx_weights, onnx_wire, provenance
from portproof.exporter.scratch import Scratch
from portproof.runtimes.isolate import IsolatedResult, describe_exit, run_isolated

if TYPE_CHECKING:
    import onnx_ir as ir

TIMEOUT_S = 300.0
_MEMORY_BYTES = 4 << 30
_SHOWN_BYTES = 256 << 20


def run_onnxsim(model: "ir.Model", timeout_s: float = TIMEOUT_S) -> "tuple[ir.Model, tuple[Message, ...]]":
    """Simplify; gives back `model` itself, with W-SIMPLIFY-SKIPPED, when onnxsim crashes, refuses or runs out.

    The provenance of the nodes, which onnxsim drops, is carried across. Weights that it leaves alone are shared with
    `model`. It is not given those of a huge model, of which it would hold two copies; what it would fold of them our
    own folding does.
    """
    with Scratch() as scratch:
        source, target = scratch.path / "in.onnx", scratch.path / "out.onnx"
        hidden = _save(model, source)
        result = run_isolated(
            "portproof.exporter.simplify.onnxsim_child:main",
            str(source),
            str(target),
            timeout_s=timeout_s,
            memory_bytes=_MEMORY_BYTES,
        )
        if not result.ok:
            return model, (_skipped(_reason(result, timeout_s)),)
        try:
            simplified = _read(target, model)
        except PortproofError as error:
            return model, (_skipped(f"its result cannot be read: {error.messages[0].what}"),)
    onnx_weights.put_back(simplified, hidden)
    fault = _signature_fault(model, simplified)
    if fault:
        return model, (_skipped(fault),)
    _restore(model, simplified)
    return simplified, ()


def _save(model: "ir.Model", path: Path) -> "onnx_weights.Tensors":
    """Write what onnxsim is to read, its weights beside it; gives those that it is not to see."""
    import onnx_ir as ir

    if onnx_io.weight_bytes(model) <= _SHOWN_BYTES:
        ir.save(model, path, external_data=f"{path.name}.data", size_threshold_bytes=onnx_wire.LARGE_BYTES)
        return {}
    with onnx_weights.as_inputs(model) as hidden:
        path.write_bytes(onnx_io.to_bytes(model))
    return hidden


def _read(target: Path, before: "ir.Model") -> "ir.Model":
    """The result, its weights in memory: the folder is about to go."""
    import onnx_ir as ir

    content, weights = onnx_wire.read(target)
    loaded = ir.serde.deserialize_model(onnx_io.parse(content, target))
    onnx_wire.attach(loaded, target, weights, {v.name or "": v.const_value for v in before.graph.initializers.values()})
    ir.external_data.set_base_dir(loaded.graph, str(target.parent))
    return ir.external_data.load_to_model(loaded)


def _restore(before: "ir.Model", after: "ir.Model") -> None:
    provenance.carry(before, after)
    after.metadata_props.clear()  # onnxsim's own settings and statistics
    after.metadata_props.update(before.metadata_props)
    after.producer_name, after.producer_version = before.producer_name, before.producer_version
    after.graph.name, after.graph.doc_string = before.graph.name, before.graph.doc_string


def _signature_fault(before: "ir.Model", after: "ir.Model") -> str:
    """What a rewriter changed that a caller can see; "" when nothing."""
    if dict(before.opset_imports) != dict(after.opset_imports):
        return f"it changed the operator sets to {dict(after.opset_imports)}"
    for kind in ("inputs", "outputs"):
        old, new = ([(v.name, v.dtype) for v in getattr(m.graph, kind)] for m in (before, after))
        if old != new:
            return f"it changed the {kind} to {', '.join(str(name) for name, _ in new)}"
    return ""


def _reason(result: IsolatedResult, timeout_s: float) -> str:
    if result.timed_out:
        return f"it took more than {timeout_s:.0f} s"
    last = (result.stderr.strip().splitlines() or [""])[-1]
    return f"it {describe_exit(result.returncode)}" + (f": {last}" if last else "")


def _skipped(why: str) -> Message:
    return Message(
        code="W-SIMPLIFY-SKIPPED",
        what="onnxsim was not used; Portproof's own passes were",
        why=why,
        hint="The result is right, but may have more nodes than it needs.",
    )
