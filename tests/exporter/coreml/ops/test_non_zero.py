"""NonZero and Compress: sizes that the data decides."""

import numpy as np
import pytest
from tests.exporter.coreml.ops.movement_support import TYPES, case, check_cases, data


@pytest.mark.parametrize("dtype", TYPES)
def test_non_zero(dtype: str) -> None:
    x = np.array([[0, 2, 0], [1, 0, 1]]).astype(dtype)
    oracle = "reference" if dtype == "float16" else "ort"
    check_cases([case("NonZero"), case("NonZero", "c", constants={"c": x})], {"x": x}, oracle=oracle, float16=False)


def test_compress() -> None:
    chosen = {"c": np.array([False, True, True])}
    inputs = {"x": data((2, 3)), "k": np.array([True, False, True]), "w": data((3, 2), "bool")}
    cases = [case("Compress", f"x {name}", axis=-1, constants=given) for name, given in (("c", chosen), ("k", {}))]
    cases += [case("Compress", "x k"), case("Compress", "w k", axis=0)]
    check_cases(cases, inputs, float16=False)
