"""What each compute unit of each device takes of a model: lowered in memory, held against rules, nothing written."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace

from portproof.device_profiles.errors import Message, PortproofError
from portproof.device_profiles.op_rules.judge import holds
from portproof.exporter import program
from portproof.exporter.check.alike import alike
from portproof.exporter.check.forms import Forms, refusal
from portproof.exporter.check.garbage import rarely_collected
from portproof.exporter.check.limits import missed, parse
from portproof.exporter.check.memory import PlannedMemory, planned
from portproof.exporter.check.mil_operators import NEURAL_ENGINE, verdict
from portproof.exporter.check.operators import Operator
from portproof.exporter.check.partition import Cuts
from portproof.exporter.check.paths import Path, paths
from portproof.exporter.check.place import place, unwritten
from portproof.exporter.check.result import CheckResult, UnitResult
from portproof.exporter.check.timing import clock
from portproof.exporter.progress import Progress, Silent
from portproof.exporter.told import Told
from portproof.runtimes.options import DEFAULT_SIGNATURE


def check(  # noqa: PLR0913 - the options of the command line
    model: str | Sequence[str],
    devices: Sequence[str],
    *,
    int8: bool = False,
    fail_under: Sequence[str] = (),
    inputs: Sequence[str] = (),
    profile_path: Sequence[str | os.PathLike[str]] = (),
    overrides: Sequence[str] = (),
    allow_pickle: bool = False,
    seed: int = 0,
    progress: Progress | None = None,
) -> CheckResult:
    """Find out what the compute units of devices take of a model, without writing or running it.

    Args:
        model: in the MODEL grammar.
        devices: ids of device profiles, their files, or names of operator rules (``"litert-gpu"``).
        int8: judge the quantized form. Of a float model that is one with made-up ranges, for placement only.
        fail_under: ``"npu=95%"``: the least share of multiply-accumulates on a kind of unit, or on the unit of some
            rules (``"qnn-htp=95%"``), of each device; of every kind of unit that it has without a name.
        inputs: declarations of ``--input``.
        profile_path: files and folders of profiles, as ``--profile``.
        overrides: ``"npu.sram_mib=2"``: values for this run, as ``--set``.
        allow_pickle: unpickle `model`; runs code from the file.
        seed: of a factory and of random example inputs.
        progress: told the steps and the warnings.

    Raises:
        PortproofError: whatever is refused; a limit that is not met is no error: see `CheckResult.failed`.
    """
    listener = progress or Silent()
    limits = parse(fail_under)
    asked = paths(devices, profile_path=profile_path, overrides=overrides)
    told = Told(progress=listener)
    told.add(asked.messages)
    with listener.step("read the model"):
        made = program.load(model, inputs=inputs, allow_pickle=allow_pickle, seed=seed)
    found: list[UnitResult] = []
    for key, source in made.functions.items():
        if source.dims:
            names = ", ".join(dim.name for dim in source.dims)
            raise PortproofError(
                "E-USAGE", f"check needs fixed sizes, and {names} stays dynamic", hint="give every size a number"
            )
        step = listener.step("lower" if made.only else f"lower {key}", len(asked.found))
        with rarely_collected(), Forms(source.model, int8=int8) as forms, step as advance:
            told.add([_made_up(key)] if int8 and not forms.quantized else [])
            units, timer = _Units(forms), clock(source.model, asked.profiles)
            for path in asked.found:
                placed = replace(units.of(path), function="" if made.only else key)
                found.append(placed if timer is None else timer.timed(placed, path.rules))
                advance()
    return CheckResult(units=tuple(found), failed=tuple(missed(limits, found)), messages=tuple(told.messages))


def _made_up(function: str) -> Message:
    return Message(
        code="W-CHECK-INT8",
        what="the quantized form that is judged has made-up ranges",
        where="" if function == DEFAULT_SIGNATURE else function,
        why="check has no data: ranges decide where scales must be equal, and which joins stay float",
        hint="give the QDQ model that `portproof quantize` writes",
    )


def _asked_for(path: Path) -> tuple[tuple[str, float], ...]:
    """The figures that the rules depend on here: none where every group holds, however new the device."""
    conditions = [group.when for group in path.rules.operators if group.when]
    if all(holds(when, path.figures) for when in conditions):
        return ()
    named = {name for when in conditions for name in when}
    return (("", 0.0), *sorted((name, value) for name, value in path.figures.items() if name in named))


@dataclass(frozen=True, kw_only=True)
class _Form:
    """What is known of the operators of one form, whatever the unit."""

    memory: PlannedMemory
    same: tuple[int, ...]
    cuts: Cuts


class _Units:
    """The units of one model: devices share most of their rules, and what follows from these is found once."""

    def __init__(self, forms: Forms) -> None:
        self._forms = forms
        self._found: dict[tuple[object, ...], UnitResult] = {}
        self._of_form: dict[int, _Form] = {}

    def of(self, path: Path) -> UnitResult:
        """What the unit at the end of a path takes."""
        figures = _asked_for(path)
        chip = path.chip if path.rules.unit == NEURAL_ENGINE else ""
        key = (path.rules.unit, figures, path.added, path.removed, chip)
        if key not in self._found:
            self._found[key] = self._place(path)
        name = path.unit_name or path.rules.name
        return replace(self._found[key], device=path.device, processor=path.processor, name=name)

    def _place(self, path: Path) -> UnitResult:
        form = f"{path.rules.dialect} int8" if self._forms.int8 else path.rules.dialect
        try:
            if path.rules.dialect != "mil":
                operators = self._forms.operators(path.rules)
                known = self._known(operators)
                return replace(place(path, operators, form, same=known.same, cuts=known.cuts), memory=known.memory)
            package = self._forms.package()
            judged = path.rules.unit == NEURAL_ENGINE
            verdicts = [verdict(each) for each in package.advise(path.chip)] if judged else None
            return replace(place(path, package.operators, form, verdicts), memory=package.memory)
        except PortproofError as error:
            return unwritten(path, form, refusal(error))

    def _known(self, operators: tuple[Operator, ...]) -> "_Form":
        """What is known of a form, whatever the unit. `Forms` holds the form: so its `id` stays its own."""
        if id(operators) not in self._of_form:
            known = _Form(memory=planned(operators), same=alike(operators), cuts=Cuts(operators))
            self._of_form[id(operators)] = known
        return self._of_form[id(operators)]
