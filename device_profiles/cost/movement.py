"""What moving data takes: nothing, whole rows, or every element by itself.

A compiler lays images out with their channels last whatever the file says, so that a transpose between the two is
none of its operators; and a part of a tensor along its outermost axis lies in memory in one piece, it is read where it
is.
"""

from math import prod

from portproof.device_profiles.cost.graph import Graph, Node

#: Between channels first and channels last, of an image: the permutations of a Transpose.
_IMAGE = {(0, 2, 3, 1), (0, 3, 1, 2)}
_PARTS = frozenset({"Slice", "Split", "Gather"})


def kind_of(node: Node, graph: Graph, maker: str) -> str | None:
    """The class of a Transpose, Slice, Split or Gather, one of `work.KINDS`; None of any other operator.

    Args:
        node: the operator.
        graph: that it is of.
        maker: the operator that made its first input; "" for an input of the model. Behind a Reshape nothing is an
            image: attention turns its keys by an image's permutation.
    """
    if node.op == "Transpose":
        shape = graph.shapes.get(node.inputs[0], ())
        perm = tuple(node.attributes.get("perm", range(len(shape))[::-1]))
        return of_transpose(shape, perm, image=maker != "Reshape")
    if node.op in _PARTS:
        return "view" if _is_outermost(node, graph) else "move"
    return None


def of_transpose(shape: tuple[int, ...], perm: tuple[int, ...], *, image: bool = True) -> str:
    """``view`` where axes of one element or an image's channels change places, ``move`` where rows stay whole."""
    longer = [axis for axis in perm if shape[axis] != 1]
    if longer == sorted(longer) or (image and perm in _IMAGE):
        return "view"
    return "move" if perm[-1] == len(perm) - 1 else "transpose"


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
