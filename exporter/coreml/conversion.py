"""ONNX to a Core ML package: lowering, coremltools' passes, deterministic bytes."""

import gc
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import onnx_ir as ir

from portproof.device_profiles.errors import Message
from portproof.exporter.coreml.builder import is_exact
from portproof.exporter.coreml.exact_norms import with_exact_norms
from portproof.exporter.coreml.flexible import Flexible, flexible, input_types
from portproof.exporter.coreml.labels import Labelled, describe, label
from portproof.exporter.coreml.lower import Lowered, lower
from portproof.exporter.coreml.package import write_package
from portproof.exporter.coreml.patterns import recognised
from portproof.exporter.coreml.targets import DEFAULT, target_of
from portproof.exporter.coreml.weights.formats import WeightFormat, check_target
from portproof.exporter.coreml.weights.passes import PackedWeights, Packing
from portproof.exporter.images import ImageInput
from portproof.exporter.labels import OutputLabels
from portproof.exporter.noise import captured
from portproof.runtimes.dims import Dim

IO_METADATA = "portproof.io"
"""Where a package says how its inputs and outputs differ from the source's."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """A package on disk, and what there is to say of it.

    Attributes:
        path: the `.mlpackage` folder.
        op_counts: how many operators of each kind, constants aside, sorted by name.
        origins: the ONNX node that made an operator, by the operator's name.
        messages: warnings.
        weights: what became of the weights, where they were to be packed.
    """

    path: Path
    op_counts: Mapping[str, int] = field(default_factory=dict)
    origins: Mapping[str, ir.Node] = field(default_factory=dict)
    messages: tuple[Message, ...] = ()
    weights: PackedWeights | None = None


def write_model(  # noqa: PLR0913 - the options of the command line
    model: ir.Model,
    path: Path,
    *,
    target: str = DEFAULT,
    float16: bool = True,
    keep_float32: Collection[str] = (),
    images: Sequence[ImageInput] = (),
    labels: Sequence[OutputLabels] = (),
    weights: WeightFormat | None = None,
    dims: Sequence[Dim] = (),
    states: Mapping[str, str] | None = None,
) -> Written:
    """Lowers a simplified ONNX model and writes it as a package.

    Args:
        model: shapes known; functions inlined.
        path: the `.mlpackage` folder to write; must not exist.
        target: the oldest release that must run it.
        float16: compute and store in float16; inputs and outputs keep their types.
        keep_float32: names of MIL operators that stay in float32 all the same.
        images: inputs that the package takes as pictures.
        labels: of outputs; one that is a row of scores makes the package a classifier.
        weights: how they are stored; as they are computed with when left out.
        dims: the symbolic sizes of the inputs; a range each, or with steps all shapes by name.
        states: by the name of an input that becomes a state (iOS18), the output that replaces it: a run leaves it
            there for the next.

    Raises:
        PortproofError: ``E-OP-UNSUPPORTED`` with one message for each node that cannot be written; ``E-USAGE``,
            ``E-LABELS`` for images and labels of no input and no output, or weights that the target cannot store so.
    """
    if weights is not None:
        check_target(weights, target)
    packing = Packing(weights, target) if weights is not None else None
    with captured():
        sizes = flexible(dims)
        lowered = lower(
            recognised(model, target),
            target=target,
            sizes=sizes.symbols,
            limits=sizes.limits,
            images=images,
            states=states,
        )
        labelled = label(labels, model, lowered.outputs, _names(lowered))
        return _write(lowered, sizes, labelled, packing, path, float16=float16, keep_float32=keep_float32)


def _names(lowered: Lowered) -> set[str]:
    """The names of the values of the program, and of what goes in."""
    function = lowered.program.functions["main"]
    return {*function.inputs, *(value.name for op in function.operations for value in op.outputs)}


def _write(
    lowered: Lowered,
    sizes: Flexible,
    labelled: Labelled,
    packing: Packing | None,
    path: Path,
    *,
    float16: bool,
    keep_float32: Collection[str],
) -> Written:
    import coremltools as ct

    given = lowered.program.functions["main"].inputs
    with tempfile.TemporaryDirectory() as folder, _older_objects_left_alone():
        converted = ct.convert(
            lowered.program,
            inputs=input_types(given, lowered.inputs, sizes, lowered.target) or None,
            classifier_config=labelled.classifier.config if labelled.classifier else None,
            convert_to="mlprogram",
            minimum_deployment_target=target_of(lowered.target),
            compute_precision=_precision(keep_float32) if float16 else ct.precision.FLOAT32,
            pass_pipeline=_passes() if packing is None else packing.pipeline(_passes()),
            skip_model_load=True,
            package_dir=str(Path(folder) / "model.mlpackage"),
        )
        spec = converted.get_spec()
        _describe(spec, lowered)
        describe(spec, labelled, lowered.outputs)
        weights = Path(converted.weights_dir) if converted.weights_dir else None
        write_package(spec, weights if weights and any(weights.iterdir()) else None, path)
    return Written(
        path=path,
        op_counts=_counts(spec),
        origins=lowered.origins,
        messages=labelled.messages,
        weights=None if packing is None else packing.made(),
    )


@contextmanager
def _older_objects_left_alone() -> Iterator[None]:
    """coremltools collects garbage at each conversion: most of its time, among all that torch and others hold."""
    frozen_by_others = gc.get_freeze_count() > 0
    if not frozen_by_others:
        gc.freeze()
    try:
        yield
    finally:
        if not frozen_by_others:
            gc.unfreeze()


def _passes() -> Any:
    """coremltools' own, but for two, and a third that is mended.

    One looks at every index again: handlers keep them from being negative. The other passes whole numbers through 16
    bits wherever an operator takes them, also those that only a run knows and that may not fit.
    """
    import coremltools as ct

    pipeline = ct.PassPipeline()
    pipeline.remove_passes({"common::guard_negative_gather_indices", "common::add_int16_cast"})
    return with_exact_norms(pipeline)


def _precision(keep_float32: Collection[str]) -> Any:
    import coremltools as ct

    def in_float16(op: Any) -> bool:
        return op.name not in keep_float32 and not is_exact(op)

    selector: Callable[[Any], bool] = in_float16
    return ct.transform.FP16ComputePrecision(op_selector=selector)


def _describe(spec: Any, lowered: Lowered) -> None:
    """No date, no tool's name; how inputs and outputs differ from the source's, where they do."""
    spec.description.metadata.userDefined.clear()
    record = {
        side: [port.as_dict() for port in ports]
        for side, ports in (("inputs", lowered.inputs), ("outputs", lowered.outputs))
    }
    if lowered.states:
        names = lowered.states.items()
        record["states"] = [{"name": name, "source": key, "output": output} for name, (key, output) in names]
    spec.description.metadata.userDefined[IO_METADATA] = json.dumps(record, sort_keys=True)


def _counts(spec: Any) -> dict[str, int]:
    names = [name for function in spec.mlProgram.functions.values() for name in _operators(function)]
    return dict(sorted(Counter(names).items()))


def _operators(function: Any) -> Iterator[str]:
    for block in function.block_specializations.values():
        yield from _block_operators(block)


def _block_operators(block: Any) -> Iterator[str]:
    for operation in block.operations:
        if not operation.type.startswith("const"):
            yield operation.type
        for inner in operation.blocks:
            yield from _block_operators(inner)
