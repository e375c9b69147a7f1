"""OneHot."""

import numpy as np
from tests.exporter.coreml.harness import run
from tests.exporter.coreml.ops.movement_support import case, cases_model, check_cases, ints


def test_axes_values_and_indices_outside() -> None:
    inputs = {"x": np.array([[0, 3, -1], [7, -9, 2]]), "f": np.array([1.0, -1.0, 2.9], np.float32)}
    inputs |= {"w": np.array([2.0, 5.0], np.float32)}
    constants = {"d": np.array(4), "v": np.array([0.5, 2.5], np.float32)}
    cases = [case("OneHot", "x d v", axis=axis, constants=constants) for axis in (-1, 0, 1)]
    cases += [case("OneHot", "x d w", constants={"d": ints(5)})]
    cases += [case("OneHot", "x d v", constants={"d": ints(3), "v": ints(0, 1)})]
    check_cases(cases, inputs, float16=False)
    truth = [case("OneHot", "f d v", constants={"d": np.array(3), "v": np.array([False, True])})]
    model = cases_model(truth, {"f": inputs["f"]})
    got, _ = run(model, {"f": inputs["f"]})
    np.testing.assert_array_equal(got["y0_0"], [[0, 1, 0], [0, 0, 1], [0, 0, 1]])
