"""ONNX to TFLite: lowering, the passes on the `tfl` dialect, the writer."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import onnx_ir as ir

from portproof.device_profiles.errors import Message
from portproof.exporter.lowering.patterns import recognised
from portproof.exporter.passes.half import has_half
from portproof.exporter.tflite.generalise.convert import generalised
from portproof.exporter.tflite.integer.dynamic import with_dynamic_layers
from portproof.exporter.tflite.integer.io import integer_ends
from portproof.exporter.tflite.integer.islands import Island, integer_kernels, islands
from portproof.exporter.tflite.integer.kernels import DEFAULT_UNIT, for_unit
from portproof.exporter.tflite.integer.said import said as quantization_warnings
from portproof.exporter.tflite.layout.assign import IoPerms, assign_layouts
from portproof.exporter.tflite.layout.rewrite import transposed_bytes
from portproof.exporter.tflite.lower import lower
from portproof.exporter.tflite.metadata.archive import archive
from portproof.exporter.tflite.metadata.describe import Declared, Ends, describe
from portproof.exporter.tflite.metadata.pack import pack
from portproof.exporter.tflite.metadata.schema import NAME as METADATA
from portproof.exporter.tflite.narrowing import warnings
from portproof.exporter.tflite.passes.float16_weights import Float16Weights
from portproof.exporter.tflite.passes.pipeline import after_layout, before_layout
from portproof.exporter.tflite.values import dtype_of
from portproof.exporter.tflite.writer.model import Signature, write_signatures
from portproof.exporter.tflite.writer.packing import Piece, chunks, joined
from portproof.exporter.tflite.writer.runtime_versions import oldest_release
from portproof.exporter.tflite.writer.versions import operator_version
from portproof.runtimes.dims import Dim
from portproof.runtimes.options import DEFAULT_SIGNATURE
from portproof.runtimes.spec import TensorSpec

Perm = tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Lowered:
    """One function, ready to be written.

    Attributes:
        model: nodes of domain `tfl` only, in the layouts of the file.
        perms: of the inputs and outputs whose axes differ from the source's.
        islands: what a quantized model computes in float32 all the same, and why.
        by_unit: operators whose form the unit decided; without any, all units get the same.
    """

    model: ir.Model
    perms: IoPerms = field(default_factory=IoPerms)
    islands: tuple[Island, ...] = ()
    by_unit: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Converted:
    """A TFLite file in memory, and what there is to say of it.

    Attributes:
        pieces: the file, to be written one piece after the other; more than one beyond 2 GiB, or with labels.
        perms: of each signature, for inputs and outputs whose axes differ from the source's: its axes in the
            order of the file.
        op_counts: how many operators of each kind, sorted by name.
        transpose_bytes: bytes that the TRANSPOSE operators left move in one run of each signature.
        oldest_release: of TensorFlow Lite that has every operator of the file; None where one is not on record.
        integer_kernels: how many operators of each kind compute quantized integers, sorted by name.
        islands: what a quantized model computes in float32 all the same, and why.
        messages: warnings, such as of float64 that is computed in float32, or of what TFLite Metadata cannot say.
    """

    pieces: tuple[Piece, ...]
    perms: dict[str, IoPerms] = field(default_factory=dict)
    op_counts: dict[str, int] = field(default_factory=dict)
    transpose_bytes: int = 0
    oldest_release: str | None = None
    integer_kernels: dict[str, int] = field(default_factory=dict)
    islands: tuple[Island, ...] = ()
    messages: tuple[Message, ...] = ()

    @property
    def input_perms(self) -> dict[str, Perm]:
        """Those of the first signature."""
        return next(iter(self.perms.values())).inputs

    @property
    def output_perms(self) -> dict[str, Perm]:
        """Those of the first signature."""
        return next(iter(self.perms.values())).outputs

    @property
    def data(self) -> memoryview:
        """The bytes of the file; this copies the weights, `save` holds one of them at a time."""
        return joined(self.pieces)

    def save(self, path: Path) -> None:
        """Writes the file."""
        with path.open("wb") as file:
            for piece in self.pieces:
                file.writelines(chunks(piece))


def convert_model(
    model: ir.Model,
    *,
    io_layout: str = "auto",
    float16_weights: bool = False,
    dims: Sequence[Dim] = (),
    representative: Mapping[str, int] | None = None,
    integer_io: bool = False,
    unit: str = DEFAULT_UNIT,
) -> Converted:
    """Converts an ONNX model in memory.

    Args:
        model: simplified, with functions inlined; the sizes of its inputs are numbers, or names of `dims`.
        io_layout: ``"auto"`` lets inputs and outputs of rank 4 be channels-last where that saves transposes;
            ``"keep"`` keeps ONNX's shapes.
        float16_weights: store large float32 constants as float16; everything is still computed in float32.
        dims: the dimensions that stay dynamic.
        representative: the sizes they have in the file until it is told others; some of theirs when None.
        integer_io: inputs and outputs that the model quantizes are integers in the file, not float32.
        unit: of `device_profiles.integer_kernels`, where the file is to run: what XNNPACK computes in float32 only is
            left so for it, NPUs and the built-in kernels get all integer kernels of TFLite.

    Raises:
        PortproofError: ``E-OP-UNSUPPORTED``, one message for each node that cannot be written; ``E-SHAPE-DYNAMIC``,
            one for each operator that cannot follow the sizes; ``E-DEVICE-UNKNOWN`` for a unit that is not known.
    """
    function = lower_function(
        model,
        io_layout=io_layout,
        float16_weights=float16_weights,
        dims=dims,
        representative=representative,
        integer_io=integer_io,
        unit=unit,
    )
    return write_functions({DEFAULT_SIGNATURE: function})


def lower_function(
    model: ir.Model,
    *,
    io_layout: str = "auto",
    float16_weights: bool = False,
    dims: Sequence[Dim] = (),
    representative: Mapping[str, int] | None = None,
    integer_io: bool = False,
    unit: str = DEFAULT_UNIT,
) -> Lowered:
    """All of `convert_model` but the writing."""
    halved = has_half(model)
    with for_unit(unit) as target:
        if dims:
            lowered, perms = generalised(model, dims, free_io=io_layout == "auto", representative=representative)
        else:
            lowered = before_layout(lower(with_dynamic_layers(recognised(model))))
            perms = assign_layouts(lowered, free_io=io_layout == "auto")
            lowered = after_layout(lowered)
        found = islands(lowered.graph)
    if float16_weights or halved:
        Float16Weights(exact=not float16_weights)(lowered)
    if integer_io:
        integer_ends(lowered.graph)
    return Lowered(model=lowered, perms=perms, islands=tuple(found), by_unit=frozenset(target.decided))


def write_functions(functions: Mapping[str, Lowered], declared: Declared | None = None) -> Converted:
    """One file with a signature for each function; equal constants of all of them are stored once.

    Args:
        functions: by the name of the signature.
        declared: of inputs and outputs; it goes into the file as TFLite Metadata.

    Raises:
        PortproofError: ``E-USAGE``: labels cannot travel with a file beyond 2 GiB.
    """
    models = [function.model for function in functions.values()]
    said = describe(declared, {key: _ends(function) for key, function in functions.items()}) if declared else None
    pieces = write_signatures(
        {
            key: Signature(
                graph=function.model.graph, perms={"inputs": function.perms.inputs, "outputs": function.perms.outputs}
            )
            for key, function in functions.items()
        },
        metadata={METADATA: pack(said.metadata)} if said else {},
    )
    if said and said.files:
        pieces.append(memoryview(archive(said.files, sum(piece.nbytes for piece in pieces))))
    nodes = [node for model in models for node in model.graph.all_nodes()]
    return Converted(
        pieces=tuple(pieces),
        perms={key: function.perms for key, function in functions.items()},
        op_counts=_counts(node.op_type for node in nodes),
        transpose_bytes=sum(transposed_bytes(model.graph) for model in models),
        integer_kernels=_total(integer_kernels(model.graph) for model in models),
        islands=tuple(island for function in functions.values() for island in function.islands),
        oldest_release=oldest_release({(node.op_type, operator_version(node)) for node in nodes}),
        messages=(*_messages(functions.values()), *(said.messages if said else ())),
    )


def _ends(function: Lowered) -> Ends:
    graph, perms = function.model.graph, function.perms
    return Ends(
        inputs=[_spec(value, perms.inputs) for value in graph.inputs],
        outputs=[_spec(value, perms.outputs) for value in graph.outputs],
    )


def _spec(value: ir.Value, perms: Mapping[str, Perm]) -> TensorSpec:
    name, shape = value.name or "", value.shape or ()
    sizes = tuple(size if isinstance(size, int) else None for size in shape)
    return TensorSpec(name=name, shape=sizes, dtype=dtype_of(value).name, perm=perms.get(name))


def op_counts(model: ir.Model) -> dict[str, int]:
    """How many operators of each kind a `tfl` model has, those of its loops' steps included, sorted by name."""
    return _counts(node.op_type for node in model.graph.all_nodes())


def _messages(functions: Iterable[Lowered]) -> Iterator[Message]:
    for function in functions:
        yield from warnings(function.model)
        yield from quantization_warnings(function.model, function.islands)


def _total(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    return dict(sorted(sum((Counter(count) for count in counts), Counter[str]()).items()))


def _counts(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items()))
