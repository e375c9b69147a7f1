"""The forms that a model takes on its way to a unit: lowered in memory, each once, whatever number of units asks."""

import functools
from typing import TYPE_CHECKING

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter.check.operators import Operator
from portproof.exporter.tflite.integer.kernels import DEFAULT_UNIT

if TYPE_CHECKING:
    import onnx_ir as ir

    from portproof.device_profiles.op_rules.schema import OpRules
    from portproof.exporter.check.mil_operators import Package


class Forms:
    """A model and what it is lowered to.

    Args:
        model: as it was read; left as it is.
        int8: judge the quantized form: of a float model, one with made-up ranges; of a QDQ model, itself.
    """

    def __init__(self, model: "ir.Model", *, int8: bool = False) -> None:
        self.int8 = int8
        self.quantized = any(node.op_type in _PAIRS for node in model.graph)
        self._source = model

    def operators(self, rules: "OpRules") -> tuple[Operator, ...]:
        """The operators of the file that a unit would run.

        Raises:
            PortproofError: ``E-OP-UNSUPPORTED``: the model cannot be written in that format.
        """
        unit = rules.integer if self.int8 or self.quantized else ""
        return self._operators(rules.dialect, unit, rules.integer_io and bool(unit))

    @functools.cache  # noqa: B019 - a form lives as long as the check
    def _operators(self, dialect: str, unit: str, integer_io: bool) -> tuple[Operator, ...]:
        model = self._placed(unit) if unit and not self.quantized else self._simplified
        if dialect == "tflite":
            from portproof.exporter.check.tflite_operators import operators_of
            from portproof.exporter.tflite.conversion import lower_function

            lowered = lower_function(model, integer_io=integer_io, unit=unit or DEFAULT_UNIT)
            return tuple(operators_of(lowered.model.graph))
        if dialect == "onnx":
            from portproof.exporter.check.onnx_operators import operators_of as of_onnx

            return tuple(of_onnx(model))
        raise PortproofError("E-INTERNAL", f"no form is known of {dialect}")

    @functools.cache  # noqa: B019 - as below
    def package(self) -> "Package":
        """The model as a Core ML package, in a temporary folder.

        Raises:
            PortproofError: ``E-OP-UNSUPPORTED``, ``E-INSTALL``.
        """
        from portproof.exporter.check.mil_operators import Package

        return Package(self._placed("coreml") if self.int8 and not self.quantized else self._simplified)

    @functools.cached_property
    def _simplified(self) -> "ir.Model":
        """By Portproof's own passes: onnxsim, and the proof by running, are the export's."""
        from portproof.exporter import provenance
        from portproof.exporter.noise import captured
        from portproof.exporter.simplify.pipeline import run_passes

        with captured():
            model = run_passes(self._source.clone())
        provenance.fill(model)
        return model

    @functools.cache  # noqa: B019 - as above
    def _placed(self, unit: str) -> "ir.Model":
        from portproof.exporter.check.synthetic import quantized

        return quantized(self._simplified, unit)


def refusal(error: PortproofError) -> tuple[Message, ...]:
    """Why a model has no form of a dialect; errors of other kinds are raised on."""
    if error.code not in (
        "E-OP-UNSUPPORTED",
        "E-CALIB-QUANTIZED",
        "E-MODEL-UNSUPPORTED",
        "E-SHAPE-DYNAMIC",
        "E-INSTALL",
    ):
        raise error
    return error.messages


_PAIRS = frozenset({"QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"})
