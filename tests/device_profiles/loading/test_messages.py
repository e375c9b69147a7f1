from pathlib import Path

import pytest
from tests.device_profiles.loading.bad import GOOD, refused, write

from portproof.device_profiles import profiles
from portproof.device_profiles.loading.messages import text_of

FIGURE = 'sram_mib = { value = 2, kind = "primary", source = "data sheet" }'


@pytest.mark.parametrize(
    ("old", "new", "what", "line", "hint"),
    [
        ('soc = "RV1126"', 'sco = "RV1126"', "sco: there is no such key", 5, "did you mean soc?"),
        ("sram_mib", "sram_mb", "npu.sram_mb: there is no such key", 13, "did you mean sram_mib? 1 mb is 0.953674 mib"),
        (FIGURE, "sram_mib = 2", "npu.sram_mib: is 2 alone", 13, "sram_mib = { value = 64, kind"),
        (', source = "data sheet"', "", "npu.sram_mib.source: is missing", 13, "say where it is from"),
        ('source = "data sheet"', 'source = ""', "npu.sram_mib.source: is empty", 13, ""),
        (', kind = "primary"', "", "npu.sram_mib.kind: is missing", 13, "primary, derived, third-party, marketing"),
        ("value = 2", "value = -2", "npu.sram_mib.value: is -2: it must be more than 0", 13, ""),
        ("value = 2", "value = 0", "npu.sram_mib.value: is 0: it must be more than 0", 13, ""),
        ("value = 2", "value = nan", "npu.sram_mib.value: is nan", 13, ""),
        ("value = 2", "value = inf", "npu.sram_mib.value: is inf, which is no number", 13, ""),
        ("value = 2", 'value = "2"', "npu.sram_mib.value: is '2', not a number", 13, ""),
        ("value = 2", "value = true", "npu.sram_mib.value: is True, not a number", 13, ""),
        ("value = 2", "value = 2097152", "npu.sram_mib: 2.09715e+06 is more than any device has", 13, ""),
        ("value = 2, ", "", 'npu.sram_mib: a value is needed, unless kind = "missing"', 13, ""),
        ('"primary", source = "da', '"primry", source = "da', "npu.sram_mib.kind: is 'primry'", 13, "primary?"),
        ('"data sheet" }', '"d", borrowed_from = "pixel-8" }', 'what is borrowed is no "primary" figure', 13, ""),
        ('targets = ["tflite"]', 'targets = ["tflight"]', "targets[0]: is 'tflight'", 6, "did you mean tflite?"),
        ('targets = ["tflite"]', "targets = 3", "targets: is 3, not a list", 6, ""),
        ('vendor = "Me"', "vendor = 3", "vendor: is 3, not text", 4, ""),
        ('id = "my-board"', 'id = "My Board"', "id: is 'My Board'", 2, "lower-case words joined by hyphens"),
        ('id = "my-board"', 'id = "other"', 'id: is "other", but the file is named my-board.toml', 2, "other.toml"),
        ('units = ["cpu"]', 'units = ["apu"]', "runtimes[0].units[0]: is 'apu'", 22, "did you mean npu or gpu?"),
        ('units = ["cpu"]', 'units = ["gpu"]', "the runtime XNNPACK needs the table [gpu], which no file has", 0, ""),
        ('[npu]', '[npu]\nrules = "ethos-u"', "npu.rules: is 'ethos-u', not a list", 13, ""),
        ("[cpu]\n", "[cpu]\n\"ops+\" = [\"Softmax\"]\n", "cpu: Softmax: in ops+ and in ops-", 8, ""),
        ('soc = "RV1126"\n', "", "soc: is missing", 0, ""),
        ('soc = "RV1126"', "year = 1999", "year: ", 5, ""),
        ("[cpu]", "cpu = 3\n[gpu]", "cpu: is 3, not a table", 8, "a table is headed [cpu]"),
    ],
)  # fmt: skip
def test_each_mistake_is_told_by_key_and_line(
    tmp_path: Path, old: str, new: str, what: str, line: int, hint: str
) -> None:
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new))
    found = refused(path)
    (message,) = [each for each in found if what in each.what] or [found[0]]
    assert message.code == "E-CONFIG"
    assert what in message.what
    assert message.where == (f"{path}:{line}" if line else str(path))
    assert hint in message.hint
    assert (message.details["file"], message.details["line"]) == (str(path), line or None)


def test_all_that_is_wrong_comes_at_once(tmp_path: Path) -> None:
    text = GOOD.replace("vendor", "vendr").replace("sram_mib", "sram_mb").replace("value = 8.5", "value = -1")
    keys = [message.details["key"] for message in refused(write(tmp_path, text))]
    assert sorted(keys) == ["memory.dram_gbps.value", "npu.sram_mb", "vendor", "vendr"]


def test_what_is_right_is_taken(tmp_path: Path) -> None:
    profile = profiles.load(str(write(tmp_path, GOOD)))
    assert (profile.figures["memory.dram_gbps"].value, profile.units["cpu"].ops_removed) == (8.5, ("Softmax",))


def test_a_path_as_one_writes_it() -> None:
    assert text_of(("runtimes", 0, "units", 1)) == "runtimes[0].units[1]"
    assert text_of(("npu", "options", "x", "[key]")) == "npu.options.x"
    assert text_of(()) == "the whole"
