"""An operator of any dialect, with what rules see of it and where the user wrote it."""

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

from portproof.device_profiles.op_rules.facts import OpFacts
from portproof.exporter.provenance import MODULE, WHERE, where

if TYPE_CHECKING:
    import onnx_ir as ir


@dataclass(frozen=True, kw_only=True)
class Operator:
    """One operator of a lowered model.

    Attributes:
        facts: what rules see.
        where: the user's line and module path, as messages name them; the node's name where neither is known.
        line: the user's line alone; empty where not known.
        module: the torch module path; empty where not known.
        macs: multiply-accumulates of one run.
        reads: names of the tensors that it needs at run time.
        makes: names of what it gives.
    """

    facts: OpFacts
    where: str = ""
    line: str = ""
    module: str = ""
    macs: int = 0

    @cached_property
    def reads(self) -> tuple[str, ...]:
        """Names of the tensors that it needs and that are no constants."""
        return tuple(tensor.name for tensor in self.facts.computed)

    @cached_property
    def makes(self) -> tuple[str, ...]:
        """Names of the tensors that it gives."""
        return tuple(tensor.name for tensor in self.facts.outputs)


@cache  # numpy spells a name out anew each time
def dtype_name(dtype: "ir.DataType | None") -> str:
    """numpy's name of a type of elements; empty where it is not known."""
    return "" if dtype is None else str(dtype.numpy())


def operator(facts: OpFacts, node: "ir.Node", macs: int) -> Operator:
    """An operator that comes from a node, which carries the provenance."""
    named = where(node) if node.metadata_props.get(WHERE) or node.metadata_props.get(MODULE) else f"node '{facts.name}'"
    return Operator(
        facts=facts,
        where=named,
        line=node.metadata_props.get(WHERE, ""),
        module=node.metadata_props.get(MODULE, ""),
        macs=macs,
    )
