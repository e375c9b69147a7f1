"""Einsum: any number of operands, ellipses with broadcasting; a letter twice in one operand is its diagonal."""

from portproof.exporter.coreml.builder import Builder
from portproof.exporter.coreml.make.einsum import contract, diagonal, permuted, sum_out
from portproof.exporter.coreml.registry import onnx_op
from portproof.exporter.coreml.values import Var, rank_of
from portproof.exporter.lowering.equations import parse


@onnx_op("Einsum", since=12)
def einsum(b: Builder, *values: Var, equation: str) -> Var:
    """One operand after the other is multiplied into the result; MIL's own einsum knows two equations only."""
    named, out = parse(equation, [rank_of(value) for value in values])
    pairs = [diagonal(b, value, term) for value, term in zip(values, named, strict=True)]
    terms = [term for _, term in pairs]
    result, labels = pairs[0]
    for index, (value, _) in enumerate(pairs[1:], start=1):
        keep = out + "".join(terms[index + 1 :])
        result, labels = contract(b, result, labels, value, terms[index], keep)
    result, labels = sum_out(b, result, labels, out)
    return permuted(b, result, labels, out)
