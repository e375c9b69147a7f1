"""What a Core ML package holds."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from portproof.exporter.inspection.facts import Ends, Facts
from portproof.runtimes.coreml.parse import read as read_model
from portproof.runtimes.coreml.program import Function, Literal, Operation, Package
from portproof.runtimes.coreml.runner import ends
from portproof.runtimes.coreml.walk import operations

_RELEASES = {6: "iOS15", 7: "iOS16", 8: "iOS17", 9: "iOS18"}


def read(path: Path) -> Facts:
    """Read and check a package; see `inspection.inspect`."""
    package = read_model(path)
    weights = [array for function in package.functions.values() for array in _weights(function)]
    signatures = {name: _ends(package, name) for name in package.functions}
    first = signatures[package.default_function]
    return Facts(
        format="coreml",
        bytes=sum(part.stat().st_size for part in _files(path)),
        inputs=first.inputs,
        outputs=first.outputs,
        operators=operators(package),
        parameters=sum(array.size for array in weights),
        weight_bytes=sum(array.nbytes for array in weights),
        metadata=_metadata(package),
        signatures=signatures,
    )


def operators(package: Package) -> dict[str, int]:
    """Count of operators by MIL's names, constants aside, those of nested blocks included, sorted by name."""
    found = Counter(op.type for function in package.functions.values() for op in operations(function))
    found.pop("const", None)
    return dict(sorted(found.items()))


def _ends(package: Package, name: str) -> Ends:
    inputs, outputs = ends(package, name)
    return Ends(inputs=inputs, outputs=outputs)


def _weights(function: Function) -> Iterator[np.ndarray]:
    """The constants of rank 1 and more, as they lie in the file."""
    for operation in operations(function):
        for literal in _literals(operation):
            if isinstance(literal.value, np.ndarray) and literal.value.ndim:
                yield literal.value


def _literals(operation: Operation) -> Iterator[Literal]:
    yield from operation.attributes.values()
    for bindings in operation.inputs.values():
        yield from (binding for binding in bindings if isinstance(binding, Literal))


def _metadata(package: Package) -> Mapping[str, str]:
    known = {
        "specification version": str(package.specification_version),
        "runs from": _RELEASES.get(package.specification_version, ""),
        "functions": ", ".join(package.functions),
        **package.metadata,
    }
    return {key: text for key, text in known.items() if text}


def _files(path: Path) -> list[Path]:
    return [path] if path.is_file() else sorted(part for part in path.rglob("*") if part.is_file())
