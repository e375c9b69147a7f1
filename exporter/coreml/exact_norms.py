"""Takes back the error that one of coremltools' passes makes: a product and a sum as a batch_norm that is not theirs.

`common::fuse_elementwise_to_batchnorm` writes x * gamma + beta as a batch_norm of mean 0 and variance 1, and leaves its
epsilon at 1e-5: every such layer is 5e-6 too small, and so is a convolution that it is folded into.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

_NAMESPACE, _NAME = "portproof", "exact_norms"
_BEFORE = "common::fuse_elementwise_to_batchnorm"
PASS = f"{_NAMESPACE}::{_NAME}"


def with_exact_norms(pipeline: Any) -> Any:
    """coremltools' `PassPipeline` with this pass behind each run of the one that it mends."""
    from coremltools.converters.mil.mil.passes.graph_pass import AbstractGraphPass
    from coremltools.converters.mil.mil.passes.pass_registry import register_pass

    class ExactNorms(AbstractGraphPass):  # type: ignore[misc]
        """Given: batch_norm(x, 0, 1, ..., epsilon=e). Result: batch_norm(x, 0, 1 - e, ..., epsilon=e)."""

        def apply(self, prog: Any) -> None:
            for function in prog.functions.values():
                for op in _unit_norms(function):
                    _mend(op)

    register_pass(namespace=_NAMESPACE, override=True, name=_NAME)(ExactNorms)
    for index in reversed([index for index, name in enumerate(pipeline.passes) if name == _BEFORE]):
        pipeline.insert_pass(index + 1, PASS)
    return pipeline


def _unit_norms(block: Any) -> Iterator[Any]:
    for op in list(block.operations):
        for inner in op.blocks:
            yield from _unit_norms(inner)
        if op.op_type == "batch_norm" and (op.mean.val == 0).all() and (op.variance.val == 1).all():
            yield op


def _mend(op: Any) -> None:
    """Another variance: an epsilon of 0 is nothing that Core ML is known to take."""
    from coremltools.converters.mil import Builder

    variance = op.variance.val - np.asarray(op.epsilon.val, op.variance.val.dtype)
    block = op.enclosing_block
    with block:
        given = {name: op.inputs[name] for name in ("x", "mean", "gamma", "beta", "epsilon")}
        made = Builder.batch_norm(**given, variance=variance, before_op=op, name=op.name)
        block.replace_uses_of_var_after_op(anchor_op=op, old_var=op.outputs[0], new_var=made)
        block.remove_ops([op])
