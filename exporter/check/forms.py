"""The forms that a model takes on its way to a unit: lowered in memory, each once, whatever number of units asks."""

from collections.abc import Callable
from functools import cached_property, partial
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar, cast

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter.check.operators import Operator
from portproof.exporter.tflite.integer.kernels import DEFAULT_UNIT, WITHOUT_XNNPACK

if TYPE_CHECKING:
    import onnx_ir as ir

    from portproof.device_profiles.op_rules.schema import OpRules
    from portproof.exporter.check.mil_operators import Package
    from portproof.exporter.check.synthetic import Synthetic
    from portproof.exporter.tflite.conversion import Lowered

_PAIRS = frozenset({"QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"})
_NO_FORM = frozenset({"E-OP-UNSUPPORTED", "E-CALIB-QUANTIZED", "E-MODEL-UNSUPPORTED", "E-SHAPE-DYNAMIC", "E-INSTALL"})
Made = TypeVar("Made")


class Forms:
    """A model and what it is lowered to.

    Args:
        model: as it was read; it is simplified in place when a form is asked for.
        int8: judge the quantized form: of a float model, one with made-up ranges; of a QDQ model, itself.
    """

    def __init__(self, model: "ir.Model", *, int8: bool = False) -> None:
        self.quantized = any(node.op_type in _PAIRS for node in model.graph)
        self.int8 = int8 or self.quantized
        self._source = model
        self._made: dict[tuple[object, ...], object] = {}
        self._lowerings: dict[int, list[_Lowered]] = {}
        self._package: Package | None = None

    def operators(self, rules: "OpRules") -> tuple[Operator, ...]:
        """The operators of the file that a unit would run.

        Raises:
            PortproofError: ``E-OP-UNSUPPORTED``: the model cannot be written in that format.
        """
        unit = rules.integer if self.int8 else ""
        if rules.dialect == "onnx":
            return self._onnx(unit)
        return self._tflite(unit, integer_io=rules.integer_io and self.int8)

    def package(self) -> "Package":
        """The model as a Core ML package, in a temporary folder.

        Raises:
            PortproofError: ``E-OP-UNSUPPORTED``, ``E-INSTALL``.
        """
        from portproof.exporter.check.mil_operators import Package

        if self._package is None:
            self._package = Package(self._placed("coreml" if self.int8 else ""))
        return self._package

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._package is not None:
            self._package.close()

    def _once(self, key: tuple[object, ...], make: Callable[[], Made]) -> Made:
        """What `make` gives, or what it refuses: a model without a form has none for the next unit either."""
        if key not in self._made:
            try:
                self._made[key] = make()
            except PortproofError as error:
                self._made[key] = error
        made = self._made[key]
        if isinstance(made, PortproofError):
            raise made
        return cast(Made, made)

    def _onnx(self, unit: str) -> tuple[Operator, ...]:
        placed = self._placed(unit)
        return self._once(("onnx", id(placed)), partial(_operators_of_onnx, placed))

    def _tflite(self, unit: str, integer_io: bool) -> tuple[Operator, ...]:
        lowered = self._lowered(self._placed(unit), unit or DEFAULT_UNIT)
        return lowered.with_integer_ends if integer_io else lowered.operators

    def _lowered(self, placed: "ir.Model", unit: str) -> "_Lowered":
        """For the first unit that asks; for all units with the same pairs, unless the unit decided anything."""
        found = next((each for each in self._lowerings.get(id(placed), []) if each.serves(unit)), None)
        if found is None:
            found = self._once(("lowered", id(placed), unit in WITHOUT_XNNPACK), partial(_Lowered, placed, unit))
            self._lowerings.setdefault(id(placed), []).append(found)
        return found

    def _placed(self, unit: str) -> "ir.Model":
        """Quantized for a unit; as it is, where there is none or the model is quantized already."""
        if not unit or self.quantized:
            return self._once(("simplified",), self._simplify)
        return self._once(("placed", unit), partial(self._quantize, unit))

    def _quantize(self, unit: str) -> "ir.Model":
        return self._once(("synthetic",), self._synthesize).on(unit)

    def _synthesize(self) -> "Synthetic":
        from portproof.exporter.check.synthetic import Synthetic

        return Synthetic(self._placed(""))

    def _simplify(self) -> "ir.Model":
        """By Portproof's own passes: onnxsim, and the proof by running, are the export's."""
        from portproof.exporter import provenance
        from portproof.exporter.noise import captured
        from portproof.exporter.simplify.pipeline import run_passes

        with captured():
            model = run_passes(self._source)
        provenance.fill(model)
        return model


class _Lowered:
    """A model lowered to TFLite, as operators.

    Args:
        model: simplified, with the pairs of a unit.
        unit: of `device_profiles.integer_kernels`.

    Attributes:
        operators: with inputs and outputs in float32, where they are so in the model.
    """

    def __init__(self, model: "ir.Model", unit: str) -> None:
        from portproof.exporter.check.tflite_operators import operators_of
        from portproof.exporter.tflite.conversion import lower_function

        self._everywhere = unit in WITHOUT_XNNPACK
        self._lowered: Lowered = lower_function(model, unit=unit)
        self.operators = tuple(operators_of(self._lowered.model.graph))

    def serves(self, unit: str) -> bool:
        """Whether a unit gets the very same operators."""
        return not self._lowered.by_unit or self._everywhere == (unit in WITHOUT_XNNPACK)

    @cached_property
    def with_integer_ends(self) -> tuple[Operator, ...]:
        """The operators with the inputs and outputs that the model quantizes as integers."""
        from portproof.exporter.check.tflite_operators import operators_of
        from portproof.exporter.tflite.integer.io import integer_ends

        graph = self._lowered.model.graph
        integer_ends(graph)
        return tuple(operators_of(graph))


def _operators_of_onnx(model: "ir.Model") -> tuple[Operator, ...]:
    from portproof.exporter.check.onnx_operators import operators_of

    return tuple(operators_of(model))


def refusal(error: PortproofError) -> tuple[Message, ...]:
    """Why a model has no form of a dialect; errors of other kinds are raised on."""
    if error.code not in _NO_FORM:
        raise error
    return error.messages
