"""GRU: MIL's operator, which has both forms since iOS18, and the loop."""

import numpy as np
import pytest
from tests.exporter.coreml.ops.recurrent_support import X, agrees, counts, layer
from tests.exporter.tflite.ops.recurrent_support import weights
from tests.exporter.tflite.ops.samples import normal

BOTH = weights("GRU", directions=2) | {"h0": normal(2, 2, 4, seed=4)}


def test_both_forms_in_every_direction() -> None:
    cases = [
        layer("GRU", held, direction=direction, linear_before_reset=before)
        for before in (0, 1)
        for held, direction in ((None, "forward"), (None, "reverse"), (BOTH, "bidirectional"))
    ]
    agrees([*cases, layer("GRU", weights("GRU", bias=False), linear_before_reset=1)])


def test_where_it_is_one_operator() -> None:
    after, before, x = layer("GRU", linear_before_reset=1), layer("GRU"), {"x": normal(9, 2, 3)}
    assert [counts(one, x)["gru"] for one in (after, before)] == [1, 1]
    assert "gru" in counts(before, x, target="iOS15")
    loop = counts(after, x, target="iOS17")
    assert loop["while_loop"] == loop["list_write"] == loop["less"] == 1
    assert not {"identity", "logical_and"} & set(loop), "only the number of steps ends it, and its values have names"


@pytest.mark.parametrize("before", [0, 1])
def test_lengths_clip_activations_and_weights_computed_at_run_time(before: int) -> None:
    lengths = {"lens": np.array([4, 2], np.int32)}
    form = {"linear_before_reset": before}
    cases = [layer("GRU", BOTH | lengths, direction="bidirectional", **form), layer("GRU", clip=0.3, **form)]
    cases += [layer("GRU", activations=["HardSigmoid", "Softsign"], **form)]
    agrees(cases, float16=False)
    given = {"x": X, **weights("GRU")}
    agrees([layer("GRU", {}, at_run_time=tuple(given), **form)], given, float16=False)
