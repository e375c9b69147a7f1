"""Why operators without a handler have none: said in refusals, and on the page of operators."""

REASONS = {
    "it works on strings, which ML Programs do not compute with": (
        "RegexFullMatch StringConcat StringNormalizer StringSplit LabelEncoder TfIdfVectorizer"
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
