import pytest

from portproof.exporter.tflite.writer.runtime_versions import _TABLE, oldest_release
from portproof.exporter.tflite.writer.versions import _BY_TYPE


def test_the_newest_of_all_operators_decides() -> None:
    assert oldest_release([("ADD", 1), ("CONV_2D", 1)]) == "1.5"
    assert oldest_release([("ADD", 1), ("HARD_SWISH", 1), ("MEAN", 2)]) == "1.15"
    assert oldest_release([("ADD", 4), ("GELU", 1), ("RELU_0_TO_1", 1)]) == "2.10"


@pytest.mark.parametrize("unknown", [("ADD", 99), ("BROADCAST_TO", 1), ("CUSTOM", 1)])
def test_what_is_not_on_record_is_not_guessed(unknown: tuple[str, int]) -> None:
    assert oldest_release([("ADD", 1), unknown]) is None


def test_releases_do_not_go_back() -> None:
    for name, row in _TABLE.items():
        numbers = [tuple(map(int, release.split("."))) for release in row if release != "-"]
        assert numbers == sorted(numbers), name


def test_every_version_that_is_written_by_type_is_on_record() -> None:
    beyond = [op for op, versions in _BY_TYPE.items() if max(versions.values()) > len(_TABLE.get(op, []))]
    assert beyond == []
