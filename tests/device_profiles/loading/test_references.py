from pathlib import Path

import pytest
from tests.device_profiles.loading.bad import GOOD, refused, write

from portproof.device_profiles import profiles


@pytest.mark.parametrize(
    ("table", "what", "hint"),
    [
        ('[npu]\nrules = ["ethosu"]', 'npu.rules: no rules are named "ethosu"', "ethos-u"),
        ('[npu]\nrules = ["zzz"]', 'npu.rules: no rules are named "zzz"', "rules are apple-neural-engine, "),
        ('[npu]\nrules = ["litert-gpu"]', "npu.rules: litert-gpu are rules of a gpu", "in the table [gpu]"),
        (
            '[npu]\nrules = ["ethos-u"]\nops- = ["SOFTMAXX"]',
            "npu.ops.SOFTMAXX: ops-: none of its rules takes SOFTMAXX",
            "did you mean SOFTMAX",
        ),
        ('[npu]\nrules = ["ethos-u"]\nops- = ["Zzz"]', "none of its rules takes Zzz", "TFLite's operators are written"),
        (
            '[npu]\nclock_ghz = { value = 1, kind = "guess", source = "s", borrowed_from = "pixle-8" }',
            'npu.clock_ghz.borrowed_from: no profile is named "pixle-8"',
            "did you mean pixel-8",
        ),
    ],
)
def test_a_name_that_nothing_has(tmp_path: Path, table: str, what: str, hint: str) -> None:
    text = GOOD.replace("[npu]", table)
    (message,) = refused(write(tmp_path, text))
    assert (what in message.what, hint in message.hint) == (True, True), message
    line = 1 + text.splitlines().index(table.splitlines()[-1])
    assert message.where == f"{tmp_path / 'my-board.toml'}:{line}"


FIT = """
[[latency]]
unit = "npu"
runtime = "tflite"
precision = "fp16"
source = "ours"
architectures = 3
measurements = 4
log_scale = 0.5
log_spread = 0.2
"""


def test_a_fit_is_borrowed_from_a_profile_that_there_is(tmp_path: Path) -> None:
    lent = FIT + 'kind = "borrowed"\nborrowed_from = "pixle-8"\n'
    path = write(tmp_path, GOOD + lent)
    (message,) = refused(path)
    assert message.what == 'latency.npu/tflite/fp16.borrowed_from: no profile is named "pixle-8"'
    assert message.where == f"{path}:{GOOD.count(chr(10)) + 2}"


def test_two_fits_for_one_in_one_file(tmp_path: Path) -> None:
    (message,) = refused(write(tmp_path, GOOD + FIT + FIT))
    assert "two cost models for npu/tflite/fp16" in message.what
    path = write(tmp_path, GOOD + FIT + FIT.replace("fp16", "w8a8"))
    assert len(profiles.load("my-board", profile_path=path).latency) == 2


@pytest.mark.parametrize(
    "table",
    [
        '[npu]\nrules = ["ethos-u"]\nops- = ["SOFTMAX"]\n"ops+" = ["MyCustomOp"]',
        '[npu]\nrules = ["google-tensor-litert"]\nops- = ["SOFTMAX"]',
    ],
)
def test_names_that_there_are(tmp_path: Path, table: str) -> None:
    path = write(tmp_path, GOOD.replace("[npu]", table))
    assert profiles.load("my-board", profile_path=path).units["npu"].ops_removed == ("SOFTMAX",)
