"""Why operators without a handler have none: said in refusals, and on the page of operators."""

DATA_DEPENDENT = "the shape of its output depends on the data, and another operator reads it"
REASONS = {
    "it works on strings, which no mobile kernel takes": (
        "RegexFullMatch StringConcat StringNormalizer StringSplit LabelEncoder"
    ),
    "it draws random numbers: two runs could not be compared": (
        "Bernoulli Multinomial RandomNormal RandomNormalLike RandomUniform RandomUniformLike"
    ),
    "its windows depend on the data": "MaxRoiPool",
    "it decodes image files, which belongs in front of the model": "ImageDecoder",
    "it belongs to training": "Adagrad Adam Gradient Momentum",
}
_HINTS = {
    **dict.fromkeys(
        ("Compress", "NonZero", "Unique"),
        "end the model behind it and do the rest in the app, use a mask or a TopK of fixed size, or declare the shape",
    ),
    "NonMaxSuppression": "end the model behind it, or at boxes and scores, or declare the shape",
    "MaxRoiPool": "use RoiAlign with a fixed sampling_ratio",
}
"""By operator, or by reason."""
_BY_OPERATOR = {name: reason for reason, names in REASONS.items() for name in names.split()}


def reason(op_type: str) -> str:
    """Why `op_type` is refused; empty where the only reason is that nobody has written it."""
    return _BY_OPERATOR.get(op_type, "")


def hint(op_type: str) -> str:
    """What to do instead of `op_type`."""
    return _HINTS.get(op_type) or _HINTS.get(reason(op_type), "docs/operators.md has the list")
