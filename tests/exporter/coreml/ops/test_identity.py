"""Operators that give back their input."""

import numpy as np
from tests.exporter.coreml.ops.movement_support import case, check_cases, data, refused
from tests.exporter.tflite.harness import node_model


def test_identity_and_dropout() -> None:
    half = {"r": np.array(0.5, np.float32)}
    cases = [case("Identity"), case("Dropout"), case("Dropout", "x r", constants=half, outputs=2)]
    check_cases(cases, {"x": data((2, 3))})


def test_the_mask_of_old_opsets_is_of_the_data_s_type() -> None:
    check_cases([case("Dropout", ratio=0.25)], {"x": data((2, 3))}, opset=9)


def test_training_is_refused() -> None:
    constants = {"r": np.array(0.5, np.float32), "t": np.array(True)}
    refused(node_model("Dropout", {"x": data((2,))}, constants=constants), "random numbers", "eval mode")
