import tomllib

import pytest
from pydantic import ValidationError

from portproof.device_profiles import available
from portproof.device_profiles.errors import PortproofError
from portproof.device_profiles.neural_engine import RULES, Rules, load_rules
from portproof.runtimes.coreml.registry import supported


def changed(key: str, place: int, **values: object) -> dict[str, object]:
    data = tomllib.loads(RULES.read_text())
    data[key][place] |= values
    return data


def test_every_operator_of_mil_has_one_rule() -> None:
    known = {name for rule in load_rules().operators for name in rule.names}
    missing = {name for name in supported() if not name.startswith("constexpr_")} - known
    assert missing == {"conv_quantized"}


def test_every_source_is_used_or_says_where_the_chips_are_from() -> None:
    rules = load_rules()
    used = {rule.source for rule in (*rules.operators, *rules.limits, *rules.notes)}
    assert set(rules.sources) - used == {"devices"}


@pytest.mark.parametrize(
    ("chip", "generation"),
    [("A17 Pro", "A17"), ("a16 bionic", "A16"), ("Apple M1 Max", "A14"), (" M4 ", "A17"), ("M5", "A19")],
)
def test_chips_by_their_names(chip: str, generation: str) -> None:
    assert load_rules().generation_of(chip) == generation


def test_chips_of_the_profiles_that_are_apples() -> None:
    chips = {profile.soc for profile in available() if profile.vendor == "Apple"}
    assert {load_rules().generation_of(chip) for chip in chips - {"A7"}} >= {"A14", "A16", "A17", "A19"}


def test_a_chip_that_is_not_known() -> None:
    with pytest.raises(PortproofError) as caught:
        load_rules().generation_of("Snapdragon 8 Elite")
    (message,) = caught.value.messages
    assert (message.code, "A12, A12 Bionic" in message.hint) == ("E-DEVICE-UNKNOWN", True)


@pytest.mark.parametrize(
    "data",
    [
        changed("operators", 0, source="hearsay"),
        changed("operators", 0, since="A10"),
        changed("limits", 0, until="A99"),
        changed("limits", 0, kind="taste"),
        changed("notes", 0, confidence="certain"),
        changed("operators", 0, names=["conv"]),
    ],
)
def test_rules_that_make_no_sense(data: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Rules.model_validate(data)


def test_from_and_until_include_their_ends() -> None:
    rules = load_rules()
    limits = {limit.most: limit for limit in rules.limits if limit.kind == "extent"}
    assert [rules.holds(limits[16384], name) for name in ("A12", "A16", "A17")] == [True, True, False]
    assert [rules.holds(limits[65536], name) for name in ("A16", "A17", "A19")] == [False, True, True]
