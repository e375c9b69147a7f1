"""What is built in: which devices, and that nothing in them is made up."""

from collections import Counter

import pytest

from portproof.device_profiles import integer_kernels
from portproof.device_profiles.neural_engine import load_rules
from portproof.device_profiles.profiles import resolved

ALL = {each.profile.id: each for each in resolved(None)}
DEVICES = {name: each for name, each in ALL.items() if each.profile.kind == "device"}
FIGURES = {
    f"{name}: {key}": figure for name, each in ALL.items() for key, figure in each.profile.figures.items()
}  # fmt: skip


def test_there_are_devices_of_many_chips() -> None:
    chips = {each.lineage[-1] for each in DEVICES.values() if len(each.lineage) > 1}
    assert (len(DEVICES) >= 90, len(chips) >= 60) == (True, True)
    assert {each.profile.kind for name, each in ALL.items() if name in chips} == {"soc"}


@pytest.mark.parametrize(
    "names",
    [
        [f"pixel-{number}" for number in range(6, 11)],
        [f"galaxy-s{number}" for number in range(21, 27)],
        [f"galaxy-s{number}-exynos" for number in (21, 22, 24, 26)],
        [f"iphone-{number}" for number in range(12, 18)],
        [f"ipad-pro-m{number}" for number in (1, 2, 4, 5)],
        ["honor-100", "nothing-phone-1", "vivo-x100", "oppo-find-x8"],
        ["raspberry-pi-4", "raspberry-pi-5", "coral-edge-tpu", "imx-93", "imx-8m-plus"],
        ["ethos-u55-64", "ethos-u55-128", "ethos-u55-256", "xnnpack-cpu", "xnnpack-arm64-cpu", "xnnpack-x86-cpu"],
    ],
)
def test_what_people_ask_for_is_there(names: list[str]) -> None:
    assert set(names) <= set(DEVICES)


def test_every_number_says_where_it_is_from() -> None:
    kinds = Counter(figure.kind for figure in FIGURES.values())
    assert kinds["missing"] < sum(kinds.values()) * 0.6
    assert all(len(figure.source) > 5 for figure in FIGURES.values())
    derived = [figure.source for figure in FIGURES.values() if figure.kind == "derived"]
    assert all(any(sign in source for sign in ("x", "derived", "claims")) for source in derived)


def test_a_guess_names_what_it_was_taken_from() -> None:
    guesses = {key: figure for key, figure in FIGURES.items() if figure.kind == "guess"}
    assert guesses
    for key, figure in guesses.items():
        assert figure.borrowed_from, key
        lender = ALL[figure.borrowed_from].profile.figures[key.partition(": ")[2]]
        assert lender.value == figure.value, key


def test_an_npu_without_rules_has_a_note_that_says_why() -> None:
    chips = [each.profile for each in ALL.values() if each.profile.kind == "soc" and each.profile.npu]
    without = {chip.id: chip.notes for chip in chips if chip.npu and not chip.npu.rules}
    assert set(without) >= {"google-tensor", "exynos-2400", "rk3588", "nxp-imx-8m-plus"}
    assert all("NPU" in " ".join(notes) or "TPU" in " ".join(notes) for notes in without.values())


def test_int8_units_are_units() -> None:
    known = set(integer_kernels.units())
    assert {unit for each in ALL.values() for unit in each.profile.int8_units} <= known


def test_chips_of_apple_are_known_to_the_rules_of_the_neural_engine() -> None:
    apple = [each.profile for each in ALL.values() if each.profile.vendor == "Apple" and each.profile.npu]
    assert len({load_rules().generation_of(profile.soc) for profile in apple}) >= 6
    assert {profile.coreml_target for profile in apple} == {"iOS16", "iOS17", "iOS18"}


def test_hexagon_versions_are_those_of_the_vendors_lists() -> None:
    phones = {f"galaxy-s{21 + index}": version for index, version in enumerate((68, 69, 73, 75, 79, 81))}
    assert {name: ALL[name].profile.figures["npu.htp_arch"].value for name in phones} == phones
    assert ALL["sa7255p"].profile.figures["npu.htp_arch"].kind == "missing"
