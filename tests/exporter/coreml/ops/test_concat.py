"""Concat."""

import numpy as np
import pytest
from tests.exporter.coreml.ops.movement_support import TYPES, case, check_cases, data

EMPTY = {"c": np.zeros((2, 0, 2, 2), np.float32)}


def test_axes_and_parts() -> None:
    inputs = {"p": data((2, 2, 2, 2)), "q": data((2, 2, 2, 2), seed=1)}
    cases = [case("Concat", "p q", axis=axis) for axis in (0, 1, 3, -1, -3)]
    cases += [case("Concat", "p", axis=0), case("Concat", "p c q", axis=1, constants=EMPTY)]
    cases += [case("Concat", "p c", axis=1, constants={"c": data((2, 1, 2, 2))})]
    check_cases(cases, inputs)


@pytest.mark.parametrize("dtype", TYPES)
def test_types(dtype: str) -> None:
    inputs = {"p": data((2, 3), dtype), "q": data((2, 1), dtype, seed=1)}
    check_cases([case("Concat", "p q", axis=1)], inputs, float16=dtype.startswith("float"))
