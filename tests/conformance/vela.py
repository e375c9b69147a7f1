"""Which operators of a TFLite file Arm's compiler takes: Vela in an interpreter of its own."""

import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CONFIGURATIONS = {
    "ethos-u": ("ethos-u65-256", "Ethos_U65_High_End", "Dedicated_Sram"),
    "ethos-u85": ("ethos-u85-256", "Ethos_U85_SYS_DRAM_Mid", "Dedicated_Sram_384KB"),
}
"""By our rules: accelerator, system and memory mode."""
_WARNING = re.compile(r"^Warning \((?P<stage>[^)]*)\) operator: (?P<op>\S+), ofm: '(?P<made>.*)'$")

_INVALID = re.compile(r"Error: (?P<op>\S+) '(?P<made>.*)' Does not have valid TFLite Semantics")


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """What Vela leaves to the CPU, and its words."""

    op: str
    made: str
    why: str


def refused(python: Path, model: Path, rules: str) -> dict[str, Refusal]:
    """The operators that stay on the CPU, by the name of the tensor that each makes.

    Args:
        python: the interpreter that Vela is installed for.
        model: a `.tflite` file.
        rules: a key of `CONFIGURATIONS`.
    """
    accelerator, system, memory = CONFIGURATIONS[rules]
    with tempfile.TemporaryDirectory() as folder:
        command: Sequence[str] = (
            *(str(python), "-m", "ethosu.vela", str(model), "--output-dir", folder, "--show-cpu-operations"),
            *("--accelerator-config", accelerator, "--config", "Arm/vela.ini"),
            *("--system-config", system, "--memory-mode", memory),
        )
        done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode and (invalid := _INVALID.search(done.stdout + done.stderr)):
        return {invalid["made"]: Refusal(op=invalid["op"], made=invalid["made"], why="Vela refuses the whole model")}
    if done.returncode:
        raise RuntimeError(f"Vela refused {model.name}: {(done.stdout + done.stderr)[-2000:]}")
    return read(done.stdout)


def read(text: str) -> dict[str, Refusal]:
    """The warnings of Vela's output, by the tensor made."""
    found: dict[str, Refusal] = {}
    lines = text.splitlines()
    for number, line in enumerate(lines):
        match = _WARNING.match(line)
        if match is not None:
            why = " ".join(each.removeprefix("Reason: ") for each in lines[number + 1 : number + 3]).strip()
            found[match["made"]] = Refusal(op=match["op"], made=match["made"], why=why)
    return found
