"""The equations of Einsum."""

import string
from collections.abc import Sequence

from portproof.exporter.lowering.refusal import Refusal


def parse(equation: str, ranks: Sequence[int]) -> tuple[list[str], str]:
    """The letters of each operand's axes and of the result's; an ellipsis becomes letters of its own.

    Args:
        equation: as in ONNX and numpy, with or without ``->``.
        ranks: of the operands.

    Raises:
        Refusal: the equation does not fit the operands.
    """
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(ranks):
        raise Refusal(f"equation {equation!r} has {len(terms)} terms for {len(ranks)} inputs")
    dots = _dots(equation, terms, ranks)
    named = [
        term.replace("...", dots[len(dots) - _missing(term, rank) :]) for term, rank in zip(terms, ranks, strict=True)
    ]
    out = right.replace("...", dots) if arrow else dots + _once(terms)
    for term, rank in zip((*named, out), (*ranks, len(out)), strict=True):
        if len(term) != rank:
            raise Refusal(f"equation {equation!r} does not fit an input of rank {rank}")
    if not set(out) <= set("".join(named)) or len(set(out)) != len(out):
        raise Refusal(f"equation {equation!r} gives axes that no input has, or one twice")
    return named, out


def _missing(term: str, rank: int) -> int:
    """How many axes the ellipsis of `term` stands for."""
    return rank - len(term.replace("...", "")) if "..." in term else 0


def _dots(equation: str, terms: Sequence[str], ranks: Sequence[int]) -> str:
    """As many letters, not in the equation, as the longest ellipsis has axes."""
    free = [letter for letter in string.ascii_letters if letter not in equation]
    longest = max(_missing(term, rank) for term, rank in zip(terms, ranks, strict=True))
    return "".join(free[: max(longest, 0)])


def _once(terms: Sequence[str]) -> str:
    """Without an arrow: the letters that occur once, in alphabetical order."""
    letters = "".join(terms).replace(".", "")
    return "".join(sorted(letter for letter in set(letters) if letters.count(letter) == 1))
