"""How a function was quantized, as `report.json` has it: without durations, which differ from run to run."""

from typing import TYPE_CHECKING

from portproof.exporter.report.report import (
    Agreement,
    FloatNode,
    LayerVerdict,
    Quantization,
    QuantizationStep,
    Sqnr,
    StepsApart,
)

if TYPE_CHECKING:
    from portproof.calibration.accuracy import Accuracy
    from portproof.calibration.report import QuantizationReport, StepReport
    from portproof.exporter.agreement.agree import Agreement as Found
    from portproof.exporter.agreement.steps import Steps


def quantization(key: str, report: "QuantizationReport", agreement: "Found | None" = None) -> Quantization:
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
        agreement=None if agreement is None else _agreement(agreement),
    )


def _agreement(found: "Found") -> Agreement:
    return Agreement(
        samples=found.samples,
        outputs={name: _steps(steps) for name, steps in found.outputs.items()},
        layers=_steps(found.all_layers) if found.layers else None,
        compared_layers=len(found.layers),
        worst_layer=found.worst,
        left_out=found.left_out,
    )


def _steps(found: "Steps") -> StepsApart:
    return StepsApart(values=found.values, apart=found.apart, within_one=round(found.within_one, 6), most=found.most)


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
