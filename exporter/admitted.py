"""At which sizes the source itself runs: what has no reference cannot be compared with it."""

from collections.abc import Iterable, Mapping, Sequence

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter.dataset import sample
from portproof.exporter.inspection.onnx_file import inputs_of
from portproof.exporter.reference import reference
from portproof.exporter.sizes import Sizes, shown_sizes, sizes_of_samples
from portproof.exporter.source import Source
from portproof.runtimes.dims import Dim, text_of


def admitted_sizes(source: Source, seed: int) -> tuple[list[Sizes], tuple[Message, ...]]:
    """The sizes to prove a model at, and a warning for each that the model refuses and nobody has asked for.

    A network that halves an image five times has no result for one of a single pixel: where the user gave no range, its
    lower end is no promise.

    Raises:
        PortproofError: E-SHAPE-DYNAMIC for sizes within declared ranges that the model itself does not run at.
    """
    wanted = shown_sizes(source.model, source.dims, source.example, source.usual)
    if not wanted:
        return [], ()
    specs = inputs_of(source.model, source.dims)
    kept: list[Sizes] = []
    refused: list[tuple[Sizes, str]] = []
    with reference(source) as function:
        for sizes in wanted:
            try:
                function(sample(specs, source.example, sizes, seed))
                kept.append(sizes)
            except Exception as error:
                refused.append((sizes, (str(error).splitlines() or [type(error).__name__])[0]))
    explicit = [(sizes, why) for sizes, why in refused if not kept or _declared(source.dims, sizes)]
    if explicit:
        raise PortproofError.of([_outside(sizes, why) for sizes, why in explicit])
    return kept, tuple(_skipped(sizes, why) for sizes, why in refused)


def unproven(source: Source, shapes: Iterable[Mapping[str, Sequence[int]]]) -> tuple[Message, ...]:
    """A warning for each declared range with an end that the shapes of the samples do not reach.

    Args:
        source: the model.
        shapes: of the inputs of each sample, by name.
    """
    found = sizes_of_samples(source.model, shapes)
    seen = {dim: sorted({sizes[dim.name] for sizes in found if dim.name in sizes}) for dim in source.dims}
    return tuple(
        Message(
            code="W-SIZE-UNPROVEN",
            what=f"{dim} is declared, the data has {dim.name} = {', '.join(map(str, sizes))}: nothing else is proven",
            hint="Give data of the smallest and the largest size too, or declare a narrower range.",
        )
        for dim, sizes in seen.items()
        if not {dim.low, dim.last if dim.high is not None else dim.low} <= set(sizes)
    )


def _declared(dims: Sequence[Dim], sizes: Sizes) -> bool:
    """Whether a user who gave ranges has said that the model runs at these sizes."""
    return all(dim != Dim(name=dim.name) for dim in dims if dim.name in sizes)


def _outside(sizes: Sizes, why: str) -> Message:
    return Message(
        code="E-SHAPE-DYNAMIC",
        what=f"the model itself does not run at {text_of(sizes)}",
        why=why,
        hint="Declare a range that it runs at, and a step where it needs multiples: --input x=Nx3xH:64..512:32xW.",
    )


def _skipped(sizes: Sizes, why: str) -> Message:
    return Message(
        code="W-SIZE-REFUSED",
        what=f"the model itself does not run at {text_of(sizes)}: nothing is proven there",
        why=why,
        hint="Give the dimension its range: --input x=Nx3xH:64..512xW:64..512.",
    )
