from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portproof.device_profiles import profiles
from portproof.device_profiles.errors import PortproofError
from portproof.device_profiles.loading.overrides import parse


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("npu.sram_mib=2", {"npu": {"sram_mib": {"value": 2, "kind": "guess", "source": "command line"}}}),
        ("soc=Tensor G9", {"soc": "Tensor G9"}),
        ('npu.precisions=["int8"]', {"npu": {"precisions": ["int8"]}}),
        ('npu.ops-=["Softmax"]', {"npu": {"ops-": ["Softmax"]}}),
        ("npu.options.memory_mode=Shared_Sram", {"npu": {"options": {"memory_mode": "Shared_Sram"}}}),
        (
            'cpu.power_w={value = 1.5, kind = "primary", source = "a = b"}',
            {"cpu": {"power_w": {"value": 1.5, "kind": "primary", "source": "a = b"}}},
        ),
        (" npu.name = X ", {"npu": {"name": "X"}}),
    ],
)
def test_what_is_set(text: str, data: dict[str, Any]) -> None:
    assert parse([text]) == data


@pytest.mark.parametrize(
    ("text", "code", "what", "hint"),
    [
        ("npu.sram_mib", "E-USAGE", "not KEY=VALUE", "like --set npu.sram_mib=2"),
        ("=2", "E-USAGE", "not KEY=VALUE", ""),
        ("npu..x=2", "E-USAGE", "not KEY=VALUE", ""),
        ("id=x", "E-USAGE", "id says which profile it is", "-d"),
        ("npu.sram_mib.value=2", "E-USAGE", "a number is set whole", "--set npu.sram_mib=2, or"),
        ("npu.sram_mb=2", "E-CONFIG", "npu.sram_mb: there is no such key", "did you mean sram_mib? 1 mb is"),
        ("npu.sram_mib=-2", "E-CONFIG", "npu.sram_mib.value: is -2", ""),
        ("npu.sram_mib=many", "E-CONFIG", "npu.sram_mib: is 'many' alone", ""),
        ("npu.precisions=int8", "E-CONFIG", "npu.precisions: is 'int8', not a list", ""),
        ("npu=3", "E-CONFIG", "npu: is 3, not a table", ""),
    ],
)
def test_what_cannot_be_set(text: str, code: str, what: str, hint: str) -> None:
    with pytest.raises(PortproofError) as caught:
        parse([text])
    (message,) = caught.value.messages
    assert (message.code, what in message.what, hint in message.hint) == (code, True, True), message


def test_all_that_cannot_be_set_comes_at_once() -> None:
    with pytest.raises(PortproofError) as caught:
        parse(["npu", "id=x", "npu.sram_mb=2", "soc=X"])
    assert len(caught.value.messages) == 3


PLAIN = profiles.load("pixel-9")


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["npu.sram_mib", "npu.clock_ghz", "memory.dram_gbps"]), st.integers(1, 9))))
def test_of_two_for_one_key_the_later_counts(settings: list[tuple[str, int]]) -> None:
    profile = profiles.load("pixel-9", overrides=[f"{key}={value}" for key, value in settings])
    for key, value in dict(settings).items():
        figure = profile.figures[key]
        assert (figure.value, figure.kind, figure.source) == (value, "guess", "command line")
    untouched = {key: figure for key, figure in PLAIN.figures.items() if key not in dict(settings)}
    assert profile.figures.items() >= untouched.items()


def test_a_table_within_a_value_is_refused_and_not_overwritten() -> None:
    with pytest.raises(PortproofError, match="npu was set to a value before"):
        parse(["npu=3", "npu.sram_mib=2"])
