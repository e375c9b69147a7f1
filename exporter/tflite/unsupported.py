"""Why operators without a handler have none: said in refusals, and on the page of operators."""

REASONS = {
    "it works on sequences or optional values, which TFLite does not have": (
        "ConcatFromSequence Optional OptionalGetElement OptionalHasElement SequenceAt SequenceConstruct SequenceEmpty "
        "SequenceErase SequenceInsert SequenceLength SequenceMap SplitToSequence"
    ),
    "it works on strings, which no mobile kernel takes": (
        "RegexFullMatch StringConcat StringNormalizer StringSplit TfIdfVectorizer LabelEncoder"
    ),
    "it draws random numbers: two runs could not be compared": (
        "Bernoulli Multinomial RandomNormal RandomNormalLike RandomUniform RandomUniformLike"
    ),
    "the shape of its output depends on the data": "NonZero Unique",
    "it decodes image files, which belongs in front of the model": "ImageDecoder",
    "it belongs to training": "Adagrad Adam Gradient Momentum",
}
_BY_OPERATOR = {name: reason for reason, names in REASONS.items() for name in names.split()}


def reason(op_type: str) -> str:
    """Why `op_type` is refused; empty where the only reason is that nobody has written it."""
    return _BY_OPERATOR.get(op_type, "")
