"""Which inputs float16 is tried on: spread over the data, and no more than a few seconds' worth."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from portproof.exporter.coreml import float16_inputs


class Numbers:
    """Data whose samples are their own places."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return ({"x": np.float32(at)} for at in range(self.count))


def places(count: int, macs: int, monkeypatch: pytest.MonkeyPatch) -> tuple[list[int], list[int]]:
    monkeypatch.setattr(float16_inputs, "_macs", lambda _package: macs)
    tried = float16_inputs.of(cast(Any, Numbers(count)), Path("none"))
    return [int(sample["x"]) for sample in tried.samples], [int(sample["x"]) for sample in tried.others]


def test_a_cheap_network_is_held_against_more_of_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    samples, others = places(10_000, 1000, monkeypatch)
    assert len(samples) == float16_inputs.SAMPLES
    assert len(others) == pytest.approx(float16_inputs.OTHERS, abs=float16_inputs.SAMPLES)
    assert max(others) > 9_900
    assert not set(samples) & set(others)


def test_a_network_that_computes_much_is_tried_on_what_the_choice_is_made_from(monkeypatch: pytest.MonkeyPatch) -> None:
    samples, others = places(10_000, 10**11, monkeypatch)
    assert (len(samples), others) == (float16_inputs.SAMPLES, [])


@pytest.mark.parametrize("count", [1, 5, 16, 40, 256, 300])
def test_few_data_are_all_tried(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    samples, others = places(count, 0, monkeypatch)
    assert len(samples) == min(count, 16)
    assert sorted(samples + others) == list(range(count)) or count > 256


def test_what_a_package_computes_is_read_from_it(tmp_path: Path) -> None:
    from tests.exporter.tflite.harness import model_of

    from portproof.exporter.coreml.conversion import write_model

    model = model_of(
        """
<ir_version: 10, opset_import: ["" : 18]>
net (float[2,12] x) => (float[2,5] y) {
  y = MatMul(x, w)
}
""",
        w=np.ones((12, 5), np.float32),
    )
    write_model(model, tmp_path / "net.mlpackage", target="iOS17", float16=False)
    assert float16_inputs._macs(tmp_path / "net.mlpackage") == 2 * 12 * 5
