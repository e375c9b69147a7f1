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
_CHILD = Path(__file__).with_name("vela_child.py")
_WARNING = re.compile(r"^Warning \((?P<stage>[^)]*)\) operator: (?P<op>\S+), ofm: '(?P<made>.*)'$")

_INVALID = re.compile(r"Error: (?P<op>\S+) '(?P<made>.*)' Does not have valid TFLite Semantics")


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """What Vela leaves to the CPU, and its words."""

    op: str
    made: str
    why: str


def refused(python: Path, models: Sequence[Path], rules: str) -> dict[Path, "dict[str, Refusal] | str"]:
    """The operators of each file that stay on the CPU, by the name of the tensor that each makes.

    Args:
        python: the interpreter that Vela is installed for.
        models: `.tflite` files.
        rules: a key of `CONFIGURATIONS`.

    Returns:
        By file; the end of what Vela said where it broke on one.
    """
    accelerator, system, memory = CONFIGURATIONS[rules]
    options = ("--accelerator-config", accelerator, "--config", "Arm/vela.ini", "--show-cpu-operations")
    chosen = ("--system-config", system, "--memory-mode", memory)
    with tempfile.TemporaryDirectory() as folder:
        command = (str(python), str(_CHILD), folder, *map(str, models), "--", *options, *chosen)
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True)
    parts = dict(part.partition("\n")[::2] for part in re.split(r"^### (?!failed)", done.stdout, flags=re.M)[1:])
    return {path: _of_file(parts[str(path)]) for path in models}


def _of_file(text: str) -> "dict[str, Refusal] | str":
    invalid = _INVALID.search(text)
    if invalid is not None:
        return {invalid["made"]: Refusal(op=invalid["op"], made=invalid["made"], why="Vela refuses the whole model")}
    return text[-300:] if "### failed" in text else read(text)


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
