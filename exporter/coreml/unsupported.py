"""Why operators without a handler have none: said in refusals, and on the page of operators."""

from portproof.device_profiles.errors import Message
from portproof.exporter.coreml.items import Folded, Item, Nothing, TensorList
from portproof.exporter.coreml.values import MOST_AXES
from portproof.exporter.lowering.messages import no_tensor

REASONS = {
    "it works on strings, which ML Programs do not compute with": (
        "RegexFullMatch StringConcat StringNormalizer StringSplit LabelEncoder"
    ),
    "it draws random numbers: two runs could not be compared": (
        "Bernoulli Multinomial RandomNormal RandomNormalLike RandomUniform RandomUniformLike"
    ),
    "its windows depend on the data": "MaxRoiPool",
    "it decodes image files, which belongs in front of the model": "ImageDecoder",
    "it belongs to training": "Adagrad Adam Gradient Momentum",
}
_HINTS = {"MaxRoiPool": "use RoiAlign with a fixed sampling_ratio"}
"""By operator, or by reason."""
_BY_OPERATOR = {name: reason for reason, names in REASONS.items() for name in names.split()}


def reason(op_type: str) -> str:
    """Why `op_type` is refused; empty where the only reason is that nobody has written it."""
    return _BY_OPERATOR.get(op_type, "")


def hint(op_type: str) -> str:
    """What to do instead of `op_type`."""
    return _HINTS.get(op_type) or _HINTS.get(reason(op_type), "docs/operators-coreml.md has the list")


def is_no_feature(item: Item) -> bool:
    """Whether an output cannot be one of a package: see `unwritable_output`."""
    return isinstance(item, TensorList | Nothing | Folded) or 0 in item.shape


def unwritable_output(name: str | None, item: Item, *, target: str, format_name: str) -> Message:
    """Why what the model gives out is no feature of a package: a sequence, empty, or of too many axes."""
    if isinstance(item, TensorList | Nothing):
        return no_tensor("output", name, target=target, format_name=format_name)
    folded = isinstance(item, Folded)
    return Message(
        code="E-OP-UNSUPPORTED",
        what=f"output {name} cannot be written in {format_name}",
        why=f"it has {len(item.shape)} axes, and {format_name} has tensors of at most {MOST_AXES}"
        if folded
        else f"it is empty, and {format_name} has no empty tensors",
        hint="merge axes in front of the output" if folded else "leave the output away",
        details={"target": target},
    )
