"""docs/devices.md tells every key of the schema."""

from pathlib import Path

import pytest

from portproof.device_profiles.loading.fields import keys_of
from portproof.device_profiles.schema import KINDS, Cpu, Figure, Gpu, Memory, Npu, ProfileFile, Runtime

PAGE = (Path(__file__).parents[3] / "docs" / "devices.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("model", [ProfileFile, Runtime, Cpu, Gpu, Npu, Memory, Figure])
def test_every_key_is_told(model: type[ProfileFile]) -> None:
    told = [key for key in keys_of(model) if f"`{key}`" in PAGE or f"[{key}]" in PAGE or f"{key} = " in PAGE]
    assert [key for key in keys_of(model) if key not in told and key != "options"] == []
    assert "`[npu.options]`" in PAGE


def test_every_kind_of_number_is_told_in_the_words_of_the_schema() -> None:
    for kind, meaning in KINDS.items():
        assert f"| `{kind}` | {meaning.split(';')[0].split(':')[0]}" in PAGE
