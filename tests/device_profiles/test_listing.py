import pytest

from portproof.device_profiles.errors import PortproofError
from portproof.device_profiles.listing import Filters, matching, select
from portproof.device_profiles.profiles import resolved

ALL = resolved(None)


def ids(kind: str = "device", **filters: str) -> list[str]:
    return [each.profile.id for each in matching(ALL, Filters(**filters)) if each.profile.kind == kind]


def test_every_filter() -> None:
    assert ids(vendor="google", soc="tensor", year="2023") == ["pixel-8"]
    assert ids(unit="ethos-u65") == ["imx-93"]
    assert set(ids(unit="npu", vendor="coral")) == set()
    assert "raspberry-pi-5" not in ids(unit="npu")
    assert "raspberry-pi-5" in ids(unit="CPU")
    assert set(ids(runtime="edge tpu")) == {"coral-edge-tpu", "coral-dev-board"}
    assert {"iphone-15", "ipad-pro-m4"} <= set(ids(target="coreml"))
    assert ids(soc="SM8650", vendor="samsung") == ["galaxy-s24"]
    assert ids(soc="snapdragon-8-gen-3", vendor="samsung") == ["galaxy-s24"]
    assert ids(kind="soc", vendor="mediatek", year="..2021") == ["dimensity-9000"]


@pytest.mark.parametrize(
    ("year", "pixels"),
    [
        ("2024", ["pixel-9"]),
        ("2023..2024", ["pixel-8", "pixel-9"]),
        ("2024..", ["pixel-10", "pixel-9"]),
        ("..2017", ["pixel-1", "pixel-2"]),
    ],
)
def test_years(year: str, pixels: list[str]) -> None:
    assert [each for each in ids(vendor="google", year=year) if each.startswith("pixel")] == pixels


@pytest.mark.parametrize("filters", [{"year": "24"}, {"year": ".."}, {"year": "2020-2024"}, {"target": "tflight"}])
def test_what_is_no_filter(filters: dict[str, str]) -> None:
    with pytest.raises(PortproofError) as caught:
        matching(ALL, Filters(**filters))
    assert caught.value.code == "E-USAGE"
    assert caught.value.messages[0].hint


def test_a_profile_without_a_year_is_of_no_year() -> None:
    assert "xnnpack-cpu" in ids()
    assert "xnnpack-cpu" not in ids(year="..2099")


def test_chips_and_devices_are_listed_apart() -> None:
    assert [each.profile.id for each in select(Filters(soc="BCM2712"), kind="soc")] == ["bcm2712"]
