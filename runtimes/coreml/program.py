"""What a Core ML package holds, as plain data: the ML Program, and the features that it takes and gives.

Field names follow the MIL specification (`MIL.proto`, `Model.proto`, `FeatureTypes.proto` of Apple's Core ML format).
Nothing here computes; `parse` makes these objects and checks them, `compile` turns them into something that runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from numpy.typing import NDArray

OPSETS = ("CoreML5", "CoreML6", "CoreML7", "CoreML8")
"""The operator sets of iOS 15, 16, 17 and 18, oldest first; each holds the operators of those before it."""


@dataclass(frozen=True, kw_only=True)
class TensorType:
    """A tensor, or a scalar when `shape` is empty.

    Attributes:
        dtype: one of `dtypes.DTYPES`, ``"string"`` included.
        shape: sizes, None for one that is only known when running; None as a whole when the rank is not known.
    """

    dtype: str
    shape: tuple[int | None, ...] | None


@dataclass(frozen=True, kw_only=True)
class ListType:
    """A list of values of one type; `length` is None when it may grow."""

    element: "Type"
    length: int | None


@dataclass(frozen=True, kw_only=True)
class TupleType:
    """A fixed sequence of values."""

    elements: tuple["Type", ...]


@dataclass(frozen=True, kw_only=True)
class DictionaryType:
    """Keys to values, as a classifier gives."""

    key: "Type"
    value: "Type"


@dataclass(frozen=True, kw_only=True)
class StateType:
    """A tensor that lives on between runs."""

    wrapped: TensorType


Type: TypeAlias = TensorType | ListType | TupleType | DictionaryType | StateType


@dataclass(frozen=True, kw_only=True)
class NamedType:
    """A value of a program: what it is called and what it is."""

    name: str
    type: Type


@dataclass(frozen=True, kw_only=True, eq=False)
class Literal:
    """A value that stands in the file.

    Attributes:
        type: what it is.
        value: of a tensor its array, in the shape of `type` (types narrower than a byte have one element a byte;
            a view of the weight file where it lies there), not writable; a str for a string scalar; a list for tensors
            of strings (flat), lists and tuples; a dict for dictionaries, by str or int. Strings stand in lists and
            dictionaries as they are, everything else as a `Literal`.
    """

    type: Type
    value: "NDArray[Any] | str | list[Any] | dict[Any, Any]"


Binding: TypeAlias = str | Literal
"""An argument: the name of a value, or the value itself."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Operation:
    """One operator.

    Attributes:
        type: its name in MIL.
        inputs: by parameter; several bindings where the parameter is variadic.
        outputs: in order.
        blocks: of control flow, in order.
        attributes: ``name``, and of a ``const`` or an older ``constexpr_*`` its parameters.
    """

    type: str
    inputs: Mapping[str, tuple[Binding, ...]]
    outputs: tuple[NamedType, ...]
    blocks: tuple["Block", ...] = ()
    attributes: Mapping[str, Literal] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """What messages call it: its own name, else its first output's."""
        own = self.attributes.get("name")
        if own is not None and isinstance(own.value, str):
            return own.value
        return self.outputs[0].name if self.outputs else self.type


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """Operators in order; a nested block also reads the values around it."""

    inputs: tuple[NamedType, ...]
    outputs: tuple[str, ...]
    operations: tuple[Operation, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Function:
    """An entry point. `opset` is one of `OPSETS`; `block` is the specialisation for it, without inputs of its own."""

    name: str
    inputs: tuple[NamedType, ...]
    opset: str
    block: Block


@dataclass(frozen=True, kw_only=True)
class ImageType:
    """An image feature: ``"GRAYSCALE"``, ``"GRAYSCALE_FLOAT16"``, ``"RGB"`` or ``"BGR"``; sizes in pixels."""

    colorspace: str
    height: int
    width: int


@dataclass(frozen=True, kw_only=True)
class SizeRange:
    """Sizes from `lower` to `upper`, both included; `upper` None for no limit."""

    lower: int
    upper: int | None


@dataclass(frozen=True, kw_only=True)
class Feature:
    """One input, output or state in the model's description.

    Attributes:
        name: what callers use.
        kind: ``"multiarray"``, ``"image"``, ``"string"``, ``"int64"``, ``"double"``, ``"dictionary"``, ``"state"``.
        dtype: of a multiarray (``"float16"``, ``"float32"``, ``"float64"``, ``"int32"``, ``"int8"``), else "".
        shape: the default shape of a multiarray (empty for outputs whose shape the file does not say).
        enumerated: the shapes that are allowed, each whole; empty when not enumerated. Of an image: (height, width).
        ranges: one for each axis; empty when not ranged. Of an image: height, width.
        optional: whether it may be left out.
        default: what stands for one left out, where the file says it.
        keys: of a dictionary, ``"string"`` or ``"int64"``.
        image: set when `kind` is ``"image"``.
        description: free text.
    """

    name: str
    kind: str
    dtype: str = ""
    shape: tuple[int, ...] = ()
    enumerated: tuple[tuple[int, ...], ...] = ()
    ranges: tuple[SizeRange, ...] = ()
    optional: bool = False
    default: float | int | None = None
    keys: str = ""
    image: ImageType | None = None
    description: str = ""


@dataclass(frozen=True, kw_only=True)
class Interface:
    """What one function takes and gives, in the order of the file."""

    inputs: tuple[Feature, ...]
    outputs: tuple[Feature, ...]
    states: tuple[Feature, ...] = ()
    predicted_feature: str = ""
    predicted_probabilities: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Package:
    """A `.mlpackage` (or a bare `.mlmodel` holding an ML Program) that has been read.

    Attributes:
        path: where it lies.
        specification_version: 6 for iOS 15, 7 for iOS 16, 8 for iOS 17, 9 for iOS 18.
        functions: by name.
        interfaces: by function name.
        default_function: the one to run when none is asked for.
        metadata: author, license, version, short description and user-defined pairs, as far as set.
    """

    path: Path
    specification_version: int
    functions: Mapping[str, Function]
    interfaces: Mapping[str, Interface]
    default_function: str
    metadata: Mapping[str, str] = field(default_factory=dict)
