"""Views of the results of attention that a traced program holds."""

from typing import Any


def copy_attention_results(program: Any) -> None:
    """Let `program` copy the results of attention, and reshape where it has recorded a view, in place.

    A trace records ``reshape`` as ``view`` where the strides allow it, and ``scaled_dot_product_attention`` promises
    other strides when it is traced than when the trace is translated, where the view then fails ("Cannot view a tensor
    with shape ... and strides"; in Swin and T5 for instance). A contiguous copy has the same strides in both. ONNX has
    no strides: the copy is an Identity there, which goes.

    Args:
        program: a `torch.export.ExportedProgram`; the graphs of its branches and loops are seen to as well.
    """
    import torch

    aten = torch.ops.aten
    for module in program.graph_module.modules():
        if not isinstance(module, torch.fx.GraphModule):
            continue
        for node in list(module.graph.nodes):
            if node.target is aten.view.default:
                node.target = aten.reshape.default
            if node.target is aten.scaled_dot_product_attention.default:
                _copy(module.graph, node)
        module.recompile()


def _copy(graph: Any, node: Any) -> None:
    import torch

    with graph.inserting_after(node):
        options = {"memory_format": torch.contiguous_format}
        copy = graph.call_function(torch.ops.aten.clone.default, (node,), options)
    copy.meta.update(node.meta)
    node.replace_all_uses_with(copy, delete_user_cb=lambda user: user is not copy)
