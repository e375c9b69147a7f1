"""Tolerances and gates of each function: ``[SIGNATURE:][OUTPUT:]1e-4``, checked as soon as the outputs are known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from portproof.device_profiles.errors import Message, PortproofError
from portproof.exporter.near import did_you_mean, near_names
from portproof.exporter.proof import Limits
from portproof.runtimes.gates import MetricGate


def of_functions(limits: Limits, outputs: Mapping[str, Sequence[str]]) -> dict[str, Limits]:
    """What may differ, by function.

    A limit without a name is of every output; one with an output's name of that output, in every function that has
    it; one with a function's name of all outputs of that function.

    Args:
        limits: as the user gave them.
        outputs: names of the outputs of each function.

    Raises:
        PortproofError: ``E-USAGE``, all at once, for names that nothing has.
    """
    split = _Split(outputs=outputs)
    atol = split.texts(limits.atol, "--atol")
    rtol = split.texts(limits.rtol, "--rtol")
    gates = split.gates(limits.gates)
    if split.wrong:
        raise PortproofError.of(split.wrong)
    return {key: Limits(atol=atol[key], rtol=rtol[key], gates=gates[key]) for key in outputs}


@dataclass(kw_only=True)
class _Split:
    outputs: Mapping[str, Sequence[str]]
    wrong: list[Message] = field(default_factory=list)

    def texts(self, values: Sequence[str], option: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {key: [] for key in self.outputs}
        for value in values:
            # The number is what follows the last colon: names may hold colons.
            name, _, number = value.rpartition(":")
            for key, output in self.places(name, f"{option} {value}"):
                found[key].append(f"{output}:{number}" if output else number)
        return found

    def gates(self, gates: Sequence[MetricGate]) -> dict[str, list[MetricGate]]:
        found: dict[str, list[MetricGate]] = {key: [] for key in self.outputs}
        for gate in gates:
            for key, output in self.places(gate.output, f"--metric {gate}"):
                found[key].append(replace(gate, output=output))
        return found

    def places(self, name: str, label: str) -> list[tuple[str, str]]:
        """The functions and outputs that a name means; an empty output stands for all of a function's."""
        if not name:
            return [(key, "") for key in self.outputs]
        found = [(key, output) for key, known in self.outputs.items() for output in known]
        meant = [place for place in found if name in (place[1], ":".join(place))]
        if not meant and name in self.outputs and len(self.outputs) > 1:
            meant = [(name, "")]
        if not meant:
            alone = len(self.outputs) == 1
            known = [output if alone else f"{key}:{output}" for key, output in found]
            hint = did_you_mean(near_names(name, known)) or f"outputs are {', '.join(known)}"
            what = f"{label}: there is no output {name!r}"
            self.wrong.append(Message(code="E-USAGE", what=what, hint=hint))
        return meant
