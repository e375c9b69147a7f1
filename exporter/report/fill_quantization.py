"""How a function was quantized, as `report.json` has it: without durations, which differ from run to run."""

from typing import TYPE_CHECKING

from portproof.exporter.report.report import FloatNode, LayerVerdict, Quantization, QuantizationStep, Sqnr

if TYPE_CHECKING:
    from portproof.calibration.accuracy import Accuracy
    from portproof.calibration.report import QuantizationReport, StepReport


def quantization(key: str, report: "QuantizationReport") -> Quantization:
    """The section of one function."""
    return Quantization(
        signature_key=key,
        recipe=report.recipe,
        unit=report.unit,
        samples=report.samples,
        held_back=report.held_back,
        ranges=_sqnr(report.ranges),
        steps=tuple(_step(step) for step in report.steps),
        written=_sqnr(report.accuracy),
        layers=report.layers,
        integer_nodes=report.integer_nodes,
        float_nodes=tuple(
            FloatNode(node=node.name, operator=node.op_type, where=node.where, why=node.why)
            for node in report.float_nodes
        ),
    )


def _step(step: "StepReport") -> QuantizationStep:
    return QuantizationStep(
        name=step.name,
        before=_sqnr(step.before),
        after=_sqnr(step.after),
        layers=tuple(
            LayerVerdict(
                layer=each.layer,
                kept=each.kept,
                before_db=round(each.before_db, 3),
                after_db=round(each.after_db, 3),
                why=each.why,
            )
            for each in step.verdicts
        ),
    )


def _sqnr(accuracy: "Accuracy") -> tuple[Sqnr, ...]:
    return tuple(Sqnr(output=name, sqnr_db=round(value, 3)) for name, value in accuracy.outputs.items())
