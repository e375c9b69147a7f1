"""onnxsim in a child process, its result taken only when it kept the model's signature."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter import onnx_io, provenance
from portproof.runtimes.isolate import IsolatedResult, describe_exit, run_isolated

if TYPE_CHECKING:
    import onnx_ir as ir

TIMEOUT_S = 300.0
_MEMORY_FLOOR_BYTES = 4 << 30
_MEMORY_FACTOR = 8


def run_onnxsim(model: "ir.Model", timeout_s: float = TIMEOUT_S) -> "tuple[ir.Model, tuple[Message, ...]]":
    """Simplify; gives back `model` itself, with W-SIMPLIFY-SKIPPED, when onnxsim crashes, refuses or runs out.

    The provenance of the nodes, which onnxsim drops, is carried across.
    """
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.onnx", Path(folder) / "out.onnx"
        onnx_io.save(model, source)
        result = run_isolated(
            "portproof.exporter.simplify.onnxsim_child:main",
            str(source),
            str(target),
            timeout_s=timeout_s,
            memory_bytes=max(_MEMORY_FLOOR_BYTES, _MEMORY_FACTOR * onnx_io.weight_bytes(model)),
        )
        if not result.ok:
            return model, (_skipped(_reason(result, timeout_s)),)
        try:
            simplified = _read(target)
        except PortproofError as error:
            return model, (_skipped(f"its result cannot be read: {error.messages[0].what}"),)
    fault = _signature_fault(model, simplified)
    if fault:
        return model, (_skipped(fault),)
    _restore(model, simplified)
    return simplified, ()


def _read(target: Path) -> "ir.Model":
    """The result, its weights in memory: the folder is about to go."""
    import onnx_ir as ir

    loaded = ir.serde.deserialize_model(onnx_io.parse(target))
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
