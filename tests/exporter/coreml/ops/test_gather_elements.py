"""GatherElements and GatherND."""

import numpy as np
import pytest
from tests.exporter.coreml.ops.movement_support import TYPES, case, check_cases, data, ints


def test_elements() -> None:
    rng = np.random.default_rng(0)
    inputs = {"x": data((3, 4, 3)), "j": rng.integers(-3, 3, (2, 4, 3))}
    cases = [
        case("GatherElements", "x i", axis=axis, constants={"i": rng.integers(-3, 3, shape)})
        for axis, shape in ((0, (5, 4, 3)), (1, (3, 2, 3)), (-1, (2, 3, 6)))
    ]
    check_cases([*cases, case("GatherElements", "x j", axis=0)], inputs, float16=False)


def test_points() -> None:
    rng = np.random.default_rng(0)
    inputs = {"x": data((3, 4, 3)), "j": rng.integers(-3, 3, (2, 2, 2))}
    cases = [
        case("GatherND", "x i", batch_dims=batch, constants={"i": rng.integers(-3, 3, shape)})
        for batch, shape in ((0, (5, 1)), (0, (2, 3)), (1, (3, 2, 1)), (1, (3, 2)), (2, (3, 4, 1)))
    ]
    check_cases([*cases, case("GatherND", "x j")], inputs, float16=False)


@pytest.mark.parametrize("dtype", TYPES)
def test_types(dtype: str) -> None:
    constants = {"i": ints(-1, 0).reshape(2, 1)}
    cases = [case(op, "x i", constants=constants) for op in ("GatherElements", "GatherND")]
    check_cases(cases, {"x": data((4, 3), dtype)}, float16=dtype.startswith("float"))
