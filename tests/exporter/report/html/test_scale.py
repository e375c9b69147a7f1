import pytest

from portproof.exporter.report.html.scale import axis, text


@pytest.mark.parametrize(
    ("numbers", "ticks"),
    [
        ([0.0, 10.0], ["0", "2", "4", "6", "8", "10"]),
        ([13.2, 21.0], ["12", "14", "16", "18", "20", "22"]),
        ([-3.0, 4.0], ["-4", "-2", "0", "2", "4"]),
        ([0.001, 0.0034], ["0.001", "0.0015", "0.002", "0.0025", "0.003", "0.0035"]),
    ],
)
def test_ticks_are_round_and_hold_all_numbers(numbers: list[float], ticks: list[str]) -> None:
    found = axis(numbers, 0, 100)
    assert [name for _, name in found.ticks()] == ticks
    assert found.low <= min(numbers)
    assert found.high >= max(numbers)
    assert [place for place, _ in found.ticks()][:: len(ticks) - 1] == [0, 100]


def test_places_lie_between_the_ends_and_may_run_backwards() -> None:
    found = axis([0.0, 10.0], 300, 20)
    assert (found.at(0.0), found.at(5.0), found.at(10.0)) == (300, 160, 20)


@pytest.mark.parametrize("number", [0.0, 7.0, -1e6, 1e-9])
def test_one_number_has_room_around(number: float) -> None:
    found = axis([number, number], 0, 100)
    assert found.low < number < found.high


def test_text_is_short() -> None:
    assert [text(number) for number in (1234.5678, 0.1 + 0.2, -0.0, 1e7)] == ["1235", "0.3", "0", "1e+07"]
