"""A number about a device: what it is, how it is known, and where from."""

from collections.abc import Callable
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Kind = Literal["primary", "derived", "third-party", "marketing", "fitted", "guess", "missing"]
KINDS = {
    "primary": "the maker's documents or code",
    "derived": "computed from such",
    "third-party": "somebody else's figure",
    "marketing": "the maker's claim, conditions unstated",
    "fitted": "fitted to measurements",
    "guess": "nobody's figure: the source says why this one",
    "missing": "looked for and not found: no value, and the source says where one looked",
}
ID_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"


class Strict(BaseModel):
    """The base of all that a profile holds: nothing may be changed, no key is unknown, no type is guessed at."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)


class Figure(Strict):
    """One number, in the unit that its key ends with; greater than 0.

    Attributes:
        value: the number; left out when `kind` is ``"missing"``.
        kind: how it is known: a key of `KINDS`.
        source: where it is from, or what was searched in vain.
        borrowed_from: the id of the profile whose number this is, where it is not this device's own.
    """

    value: float | None = Field(default=None, gt=0, strict=True)
    kind: Kind
    source: str = Field(min_length=1)
    borrowed_from: str = Field(default="", pattern=rf"{ID_PATTERN}|^$")

    @model_validator(mode="after")
    def _value_fits_kind(self) -> Self:
        if (self.value is None) != (self.kind == "missing"):
            raise ValueError('a value is needed, unless kind = "missing", which has none')
        if self.borrowed_from and self.kind in {"primary", "missing"}:
            raise ValueError(f'what is borrowed is no "{self.kind}" figure of this device: "derived" or "guess"')
        return self


def at_most(limit: float) -> Callable[[Figure], Figure]:
    """A check that a number is no more than any device's: more is a number in another unit.

    Args:
        limit: some ten times the largest that is known, in the unit of the key.
    """

    def check(figure: Figure) -> Figure:
        if figure.value is not None and figure.value > limit:
            raise ValueError(
                f"{figure.value:g} is more than any device has (at most {limit:g}): is it in another unit?"
            )
        return figure

    return check


Cores = Annotated[Figure, AfterValidator(at_most(1024))]
Ghz = Annotated[Figure, AfterValidator(at_most(20))]
Gflops = Annotated[Figure, AfterValidator(at_most(200_000))]
Tops = Annotated[Figure, AfterValidator(at_most(2_000))]
Gbps = Annotated[Figure, AfterValidator(at_most(5_000))]
Mib = Annotated[Figure, AfterValidator(at_most(2_048))]
Gib = Annotated[Figure, AfterValidator(at_most(2_048))]
Watts = Annotated[Figure, AfterValidator(at_most(1_000))]
Version = Annotated[Figure, AfterValidator(at_most(1_000))]
