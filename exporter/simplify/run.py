"""Fewer nodes, the same numbers: onnxsim, then our passes, then the proof."""

import contextlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter import provenance
from portproof.exporter.numeric import Difference, difference
from portproof.exporter.onnx_random import draws_random_numbers
from portproof.exporter.onnx_run import OnnxFunction, SlowFunction
from portproof.exporter.random_inputs import Arrays, for_model, like
from portproof.exporter.simplify.onnxsim_run import TIMEOUT_S, run_onnxsim
from portproof.exporter.simplify.pipeline import run_passes, settle
from portproof.exporter.simplify.report import SimplifyReport, count_ops
from portproof.exporter.simplify.rounding import MOST, scales, without_rounding
from portproof.exporter.sizes import examples
from portproof.runtimes.dims import Dim

if TYPE_CHECKING:
    import onnx_ir as ir

_SAMPLES = 3


def simplify(
    model: "ir.Model",
    *,
    example: Arrays | None = None,
    dims: Sequence[Dim] = (),
    samples: int = _SAMPLES,
    seed: int = 0,
    timeout_s: float = TIMEOUT_S,
) -> "tuple[ir.Model, SimplifyReport]":
    """Simplify a model; the model given is left as it is.

    Names and order of inputs and outputs stay, as do the provenance of every node, whole normalisation and
    attention nodes, and quantisation pairs.

    Args:
        model: ONNX, checked.
        example: inputs by name that the random ones are made like; without it floats are standard normal,
            integers 0 or 1.
        dims: the dimensions of the inputs that are no numbers; the result is compared at several of their sizes.
        samples: random inputs that the result is compared on.
        seed: of the random inputs.
        timeout_s: wall time for onnxsim, in seconds.

    Raises:
        PortproofError: E-SIMPLIFY-DIFFERS, a defect, when the result computes something else; E-RUN.
    """
    inputs = [like(example, seed + k) if example else for_model(model, seed + k) for k in range(0 if dims else samples)]
    inputs += [like(one, seed + k) for k, one in enumerate(examples(model, example, dims))]
    expected, ran = _expected(model, [] if draws_random_numbers(model) else inputs)
    simplified, messages = _simplified(model, timeout_s) if ran else (settle(model.clone()), (_unproven(),))
    provenance.fill(simplified)
    errors = prove(model, simplified, ran, expected)
    report = SimplifyReport(
        before=count_ops(model),
        after=count_ops(simplified),
        max_abs_error=errors,
        samples=len(ran),
        messages=messages,
    )
    return simplified, report


def _simplified(model: "ir.Model", timeout_s: float) -> "tuple[ir.Model, tuple[Message, ...]]":
    from portproof.exporter.passes.half import StoreHalf, has_half

    halved = has_half(model)
    simplified, messages = run_onnxsim(model, timeout_s)
    simplified = run_passes(model.clone() if simplified is model else simplified)
    return StoreHalf()(simplified).model if halved else simplified, messages


def _expected(model: "ir.Model", inputs: Sequence[Arrays]) -> tuple[list[Arrays], list[Arrays]]:
    """The outputs of the model given, and the inputs that belong to them: some it may refuse, such as a divisor of 0.

    By ONNX Runtime, or where that takes no input at all, by ONNX's evaluator.
    """
    for engine in (OnnxFunction, SlowFunction):
        outputs, ran = [], []
        with contextlib.suppress(PortproofError), engine(model) as function:
            for sample in inputs:
                with contextlib.suppress(PortproofError):
                    outputs.append(function.run(sample))
                    ran.append(sample)
        if ran:
            return outputs, ran
    return [], []


def prove(
    source: "ir.Model", simplified: "ir.Model", inputs: Sequence[Arrays], expected: Sequence[Arrays]
) -> dict[str, float]:
    """The largest error by output, over all inputs.

    Args:
        source: what was simplified.
        simplified: what came of it.
        inputs: that both take.
        expected: the source's outputs.

    Raises:
        PortproofError: ``E-SIMPLIFY-DIFFERS``, a message for each output beyond what reordered sums explain; of models
            that round, beyond what roundings explain that fall otherwise.
    """
    errors, faults = _compared(simplified, inputs, expected)
    if faults and not _rounds_otherwise(source, simplified, inputs, faults):
        raise PortproofError.of([_message(name, found) for name, found in faults.items()])
    return errors


def _rounds_otherwise(
    source: "ir.Model", simplified: "ir.Model", inputs: Sequence[Arrays], faults: Mapping[str, Difference]
) -> bool:
    """Whether roundings alone make the difference: without them both compute the same, and with them nearly so."""
    if any(found.why or found.share > MOST for found in faults.values()):
        return False
    plain = without_rounding(source), without_rounding(simplified)
    if plain[0] is None or plain[1] is None or not scales(simplified) <= scales(source):
        return False
    return not _compared(plain[1], inputs, _outputs(plain[0], inputs))[1]


def _compared(
    model: "ir.Model", inputs: Sequence[Arrays], expected: Sequence[Arrays]
) -> tuple[dict[str, float], dict[str, Difference]]:
    """The largest error by output, and what differs by more than rounding of floats explains."""
    errors: dict[str, float] = {}
    faults: dict[str, Difference] = {}
    for wanted, got in zip(expected, _outputs(model, inputs) if inputs else (), strict=True):
        for name, array in wanted.items():
            found = difference(array, got[name])
            errors[name] = max(errors.get(name, 0.0), found.max_abs)
            if not found.ok:
                faults[name] = max(faults.get(name, found), found, key=lambda each: (bool(each.why), each.share))
    return errors, faults


def _outputs(model: "ir.Model", inputs: Sequence[Arrays]) -> list[Arrays]:
    """By ONNX Runtime, or where that refuses, by ONNX's evaluator."""
    try:
        with OnnxFunction(model) as function:
            return [function.run(sample) for sample in inputs]
    except PortproofError:
        with SlowFunction(model) as evaluator:
            return [evaluator.run(sample) for sample in inputs]


def _unproven() -> Message:
    return Message(
        code="W-SIMPLIFY-UNPROVEN",
        what="the model is converted as it is, without simplification",
        why="neither ONNX Runtime nor ONNX's evaluator could run it for a comparison",
        hint="Convert it to opset 7 or later, or give inputs that it can run on.",
    )


def _message(name: str, found: Difference) -> Message:
    return Message(
        code="E-SIMPLIFY-DIFFERS",
        what=f"output '{name}' of the simplified model differs from the model it came from",
        why=found.why or f"the largest difference is {found.max_abs:.3g}, rounding explains {found.limit:.3g}",
        hint="This is a defect of Portproof; please report it with the model.",
        details={"output": name, "limit": found.limit},
    )
