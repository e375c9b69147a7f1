"""The forms that a model takes on its way to a unit: lowered in memory, each once, whatever number of units asks."""

from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter.check.operators import Operator
from portproof.exporter.tflite.integer.kernels import DEFAULT_UNIT

if TYPE_CHECKING:
    import onnx_ir as ir

    from portproof.device_profiles.op_rules.schema import OpRules
    from portproof.exporter.check.mil_operators import Package

_PAIRS = frozenset({"QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"})
_NO_FORM = frozenset({"E-OP-UNSUPPORTED", "E-CALIB-QUANTIZED", "E-MODEL-UNSUPPORTED", "E-SHAPE-DYNAMIC", "E-INSTALL"})
Made = TypeVar("Made")


class Forms:
    """A model and what it is lowered to.

    Args:
        model: as it was read; left as it is.
        int8: judge the quantized form: of a float model, one with made-up ranges; of a QDQ model, itself.
    """

    def __init__(self, model: "ir.Model", *, int8: bool = False) -> None:
        self.quantized = any(node.op_type in _PAIRS for node in model.graph)
        self.int8 = int8 or self.quantized
        self._source = model
        self._made: dict[tuple[object, ...], Any] = {}
        self._package: Package | None = None

    def operators(self, rules: "OpRules") -> tuple[Operator, ...]:
        """The operators of the file that a unit would run.

        Raises:
            PortproofError: ``E-OP-UNSUPPORTED``: the model cannot be written in that format.
        """
        unit = rules.integer if self.int8 else ""
        if rules.dialect == "onnx":
            return self._once(("onnx", unit), partial(self._onnx, unit))
        integer_io = rules.integer_io and self.int8
        return self._once(("tflite", unit, integer_io), partial(self._tflite, unit, integer_io))

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
        if key not in self._made:
            self._made[key] = make()
        made: Made = self._made[key]
        return made

    def _onnx(self, unit: str) -> tuple[Operator, ...]:
        from portproof.exporter.check.onnx_operators import operators_of

        return tuple(operators_of(self._placed(unit)))

    def _tflite(self, unit: str, integer_io: bool) -> tuple[Operator, ...]:
        from portproof.exporter.check.tflite_operators import operators_of
        from portproof.exporter.tflite.conversion import lower_function

        lowered = lower_function(self._placed(unit), integer_io=integer_io, unit=unit or DEFAULT_UNIT)
        return tuple(operators_of(lowered.model.graph))

    def _placed(self, unit: str) -> "ir.Model":
        """Quantized for a unit; as it is, where there is none or the model is quantized already."""
        if not unit or self.quantized:
            return self._once(("simplified",), self._simplify)
        return self._once(("placed", unit), partial(self._quantize, unit))

    def _quantize(self, unit: str) -> "ir.Model":
        from portproof.exporter.check.synthetic import quantized

        return quantized(self._placed(""), unit)

    def _simplify(self) -> "ir.Model":
        """By Portproof's own passes: onnxsim, and the proof by running, are the export's."""
        from portproof.exporter import provenance
        from portproof.exporter.noise import captured
        from portproof.exporter.simplify.pipeline import run_passes

        with captured():
            model = run_passes(self._source.clone())
        provenance.fill(model)
        return model


def refusal(error: PortproofError) -> tuple[Message, ...]:
    """Why a model has no form of a dialect; errors of other kinds are raised on."""
    if error.code not in _NO_FORM:
        raise error
    return error.messages
