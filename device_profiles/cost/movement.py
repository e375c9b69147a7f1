"""What moving data takes: nothing, whole rows, or every element by itself.

A compiler lays images out with their channels last whatever the file says, so that a transpose between the two is
none of its operators; and a part of a tensor along its outermost axis lies in memory in one piece, it is read where it
is. So is a part of the channels of whole blocks, which is what exporters write of an attention's queries, keys and
values as a transpose that brings the three to the front, and a Gather of each.
"""

from math import prod

from portproof.device_profiles.cost.graph import Graph, Node
from portproof.device_profiles.cost.work import BLOCK

#: Between channels first and channels last, of an image: the permutations of a Transpose.
_IMAGE = {(0, 2, 3, 1), (0, 3, 1, 2)}
_PARTS = frozenset({"Slice", "Split", "Gather"})
#: What stands between such a transpose and its parts.
_RESHAPES = frozenset({"Reshape", "Squeeze", "Unsqueeze", "Flatten"})


def kind_of(node: Node, graph: Graph, maker: Node | None) -> str | None:
    """The class of a Transpose, Slice, Split or Gather, one of `work.KINDS`; None of any other operator.

    Args:
        node: the operator.
        graph: that it is of.
        maker: the node that made its first input; None for an input of the model. Behind a Reshape nothing is an
            image: attention turns its keys by an image's permutation.
    """
    if node.op == "Transpose":
        shape = graph.shapes.get(node.inputs[0], ())
        perm = tuple(node.attributes.get("perm", range(len(shape))[::-1]))
        if _shuffles_channels(shape, perm, maker, graph):
            return "transpose"
        if _brings_blocks(shape, perm) and _only_parts(node.outputs[0], graph):
            return "view"
        return of_transpose(shape, perm, image=maker is None or maker.op != "Reshape")
    if node.op in _PARTS:
        return "view" if _is_outermost(node, graph) else "move"
    return None


def of_transpose(shape: tuple[int, ...], perm: tuple[int, ...], *, image: bool = True) -> str:
    """``view`` where axes of one element or an image's channels change places, ``move`` where rows stay whole."""
    longer = [axis for axis in perm if shape[axis] != 1]
    if longer == sorted(longer) or (image and perm in _IMAGE):
        return "view"
    return "move" if perm[-1] == len(perm) - 1 else "transpose"


def _shuffles_channels(shape: tuple[int, ...], perm: tuple[int, ...], maker: Node | None, graph: Graph) -> bool:
    """Whether the channels of an image change places: they are the last axis on the device, each by itself."""
    if maker is None or maker.op != "Reshape" or len(shape) != 5 or perm != (0, 2, 1, 3, 4):
        return False
    image = graph.shapes.get(maker.inputs[0], ())
    return len(image) == 4 and image[2:] == shape[3:]


def _brings_blocks(shape: tuple[int, ...], perm: tuple[int, ...]) -> bool:
    """Whether one axis comes before all others, which stay in order, and holds whole blocks of channels."""
    longer = [axis for axis in perm if shape[axis] != 1]
    if not longer or longer[1:] != sorted(longer[1:]):
        return False
    return prod(shape[longer[0] + 1 :]) % BLOCK == 0


def _only_parts(name: str, graph: Graph) -> bool:
    """Whether all that read a value take parts of it along its outermost axis, and it is no output of the model."""
    readers = graph.readers.get(name, ())
    return graph.uses.get(name) == len(readers) and all(
        (node.op in _PARTS and _is_outermost(node, graph)) or _keeps_parts(node, graph) for node in readers
    )


def _keeps_parts(node: Node, graph: Graph) -> bool:
    """Whether a Reshape and its like leave the outermost axis as it is, and parts are taken behind it."""
    if node.op not in _RESHAPES:
        return False
    outermost = [
        next((size for size in graph.shapes[name] if size != 1), 1) for name in (node.inputs[0], node.outputs[0])
    ]
    return outermost[0] == outermost[1] and _only_parts(node.outputs[0], graph)


def _is_outermost(node: Node, graph: Graph) -> bool:
    """Whether a part is taken along the first axis longer than one; channels of an image are its last axis."""
    shape = graph.shapes.get(node.inputs[0], ())
    axis = _axis(node, graph, shape)
    image = len(shape) == 4 and axis != 0
    return axis is not None and not image and prod(shape[:axis]) == 1


def _axis(node: Node, graph: Graph, shape: tuple[int, ...]) -> int | None:
    """The axis that parts are taken along; None where there are several, or a Gather takes more than one element."""
    if node.op == "Slice":
        part = graph.shapes[node.outputs[0]]
        cut = [axis for axis, (whole, left) in enumerate(zip(shape, part, strict=True)) if whole != left]
        return cut[0] if len(cut) == 1 else None
    if node.op == "Gather" and prod(graph.shapes.get(node.inputs[1], (0,))) != 1:
        return None
    return int(node.attributes.get("axis", 0)) % max(len(shape), 1)
