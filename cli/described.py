"""What a file's TFLite Metadata says of its inputs and outputs, a line each."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from portproof.exporter.inspection.facts import Facts

_COLOURS = {1: "RGB", 2: "gray"}
_LABELS = {2: "labels of its classes in", 3: "labels of its values in"}


def described_text(facts: "Facts") -> str:
    """The lines; empty when the file says nothing."""
    if facts.described is None:
        return ""
    lines = [line for graph in facts.described.get("subgraph_metadata", ()) for line in _graph(graph)]
    lines += [f"file {name}: {size} bytes" for name, size in facts.files.items()]
    return "\n".join(("TFLite Metadata:", *(f"  {line}" for line in lines)))


def _graph(graph: Mapping[str, Any]) -> Iterator[str]:
    for side in ("input", "output"):
        for tensor in graph.get(f"{side}_tensor_metadata", ()):
            said = list(_tensor(tensor))
            if said:
                yield f"{graph.get('name', '')} {side} {tensor.get('name', '')}: {'; '.join(said)}".lstrip()


def _tensor(tensor: Mapping[str, Any]) -> Iterator[str]:
    kind, properties = tensor.get("content", {}).get("content_properties", ("", {}))
    if kind == "ImageProperties":
        yield f"{_COLOURS.get(properties.get('color_space', 0), 'a')} picture"
    for unit in tensor.get("process_units", ()):
        name, options = unit.get("options", ("", {}))
        if name == "NormalizationOptions":
            yield f"(pixel - {_numbers(options.get('mean', ()))}) / {_numbers(options.get('std', ()))}"
        elif name == "ScoreThresholdingOptions":
            yield f"scores from {options.get('global_score_threshold', 0.0):g}"
    for file in tensor.get("associated_files", ()):
        yield f"{_LABELS.get(file.get('type', 0), 'file')} {file.get('name', '')}".rstrip()


def _numbers(values: Any) -> str:
    shown = ", ".join(f"{value:g}" for value in values)
    return shown if len(values) == 1 else f"[{shown}]"
