"""A mix of precisions: for each item of a model (a layer and what is fused to it) one of the options it has."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol

Precision = Literal["int8", "dynamic", "int16", "weight_only", "float16", "float32"]


@dataclass(frozen=True, kw_only=True)
class Option:
    """One way to compute an item.

    Attributes:
        precision: ``"int8"``; ``"dynamic"``: int8 weights, activations quantized when running; ``"int16"``: int16
            activations, int8 weights; ``"weight_only"``: int8 weights, float arithmetic; ``"float16"``: float16
            weights, float arithmetic; ``"float32"``.
        size_bytes: of its weights and their scales in the file.
        cost: of computing it, in any unit that all options of a model share; see `options.bit_operations`.
    """

    precision: Precision
    size_bytes: int
    cost: float


@dataclass(frozen=True, kw_only=True)
class Item:
    """What gets one precision.

    Attributes:
        name: of the layer or region; unique in the model.
        options: at least one, none twice; the last is the most precise, the one to compare with.
    """

    name: str
    options: tuple[Option, ...]

    @property
    def reference(self) -> Option:
        """The most precise option."""
        return self.options[-1]

    def option(self, precision: Precision) -> Option:
        """The option of a precision, which must be among them."""
        return next(option for option in self.options if option.precision == precision)


@dataclass(frozen=True, kw_only=True)
class Mix:
    """The precision of each item: ``((name, precision), ...)`` in the order of the items."""

    choices: tuple[tuple[str, Precision], ...]

    @classmethod
    def of(cls, items: Iterable[Item]) -> "Mix":
        """Every item in its most precise option."""
        return cls(choices=tuple((item.name, item.reference.precision) for item in items))

    def changed(self, changes: Mapping[str, Precision]) -> "Mix":
        """The mix with other precisions for some items, by name."""
        return replace(self, choices=tuple((name, changes.get(name, precision)) for name, precision in self.choices))

    def precision(self, name: str) -> Precision:
        """Of one item."""
        return dict(self.choices)[name]

    def counts(self) -> dict[str, int]:
        """How many items have each precision, most first."""
        return dict(Counter(precision for _, precision in self.choices).most_common())

    def as_dict(self) -> dict[str, Any]:
        """JSON-able data: precisions by the name of the item."""
        return dict(self.choices)


class Evaluate(Protocol):
    """Judges a mix."""

    def __call__(self, mix: Mix) -> float:
        """SQNR in dB of the model's outputs against the float model's, on samples that no step has seen."""


def chosen(items: Iterable[Item], mix: Mix) -> list[Option]:
    """The option of each item in a mix."""
    wanted = dict(mix.choices)
    return [item.option(wanted[item.name]) for item in items]
