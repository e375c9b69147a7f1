import resource
from collections import Counter
from pathlib import Path

import pytest
from mutation_seeds import SEEDS, sample
from mutations import mutated, write

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.coreml.parse import read

REFUSALS = {"E-MODEL-FORMAT", "E-MODEL-INVALID", "E-MODEL-UNSUPPORTED", "E-MODEL-EXTERNAL"}


def code(path: Path) -> str:
    try:
        read(path)
    except PortproofError as error:
        return error.code if _is_clear(error) else f"not clear: {error}"
    return ""


def _is_clear(error: PortproofError) -> bool:
    message = error.messages[0]
    return bool(message.why and message.hint and message.where) and len(str(error)) < 2000


@pytest.mark.parametrize("name", SEEDS)
def test_whole_packages_are_read(tmp_path: Path, name: str) -> None:
    assert code(write(tmp_path / "m.mlpackage", sample(name))) == ""


def test_a_number_is_one_mutation() -> None:
    assert mutated(1234) == mutated(1234)
    assert len({mutated(number)[1] for number in range(60)}) > 50


def test_mutations_are_read_or_refused_by_name(tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = Counter(code(write(tmp_path / "m.mlpackage", mutated(number)[1])) for number in range(600))
    assert set(found) == REFUSALS | {""}
    assert found.total() - found[""] > 300
    # KiB on Linux, bytes on macOS.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000
