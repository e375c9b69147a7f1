"""Choice by a condition."""

import numpy as np
import pytest
from tests.exporter.coreml.ops.movement_support import TYPES, case, check_cases, data


@pytest.mark.parametrize("dtype", TYPES)
def test_where_broadcasts_all_three(dtype: str) -> None:
    condition = np.array([True, False, True]).reshape(3, 1)
    inputs = {"c": condition, "x": data((2, 1, 4), dtype), "y": data((4,), dtype, seed=1)}
    oracle = "reference" if dtype in ("float16", "bool") else "ort"  # types that ONNX Runtime's Where lacks
    check_cases([case("Where", "c x y")], inputs, oracle=oracle, float16=dtype.startswith("float"))


def test_triangles() -> None:
    x = data((2, 3, 4))
    x[0, 0, 2] = np.inf
    cases = [case("Trilu", "x k", constants={"k": np.array(k)}, upper=upper) for k in (-1, 0, 2) for upper in (0, 1)]
    cases += [case("Trilu"), case("Trilu", "x k", upper=0), case("Trilu", "b", upper=1)]
    check_cases(cases, {"x": x, "k": np.array(1), "b": data((3, 3), "bool")}, float16=False)
