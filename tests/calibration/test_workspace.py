"""How many samples a step sees."""

import numpy as np
import onnx_ir as ir
import pytest
from nets import conv_net, images

from portproof.calibration import run
from portproof.calibration.plan import Plan
from portproof.calibration.prepare import prepare
from portproof.calibration.samples import open_samples
from portproof.calibration.workspace import Workspace

NONE = Plan(layers={}, integer=frozenset(), activations={}, weights={})


@pytest.mark.parametrize(("size", "seen"), [(8, 30), (40, 3)])
def test_of_small_samples_a_step_sees_more(size: int, seen: int) -> None:
    model = prepare(conv_net())
    for value in model.graph.inputs:
        value.shape = ir.Shape([1, 3, size, size])
    data = images(60, (1, 3, size, size))
    samples = open_samples(data, run.input_specs(model))
    workspace = Workspace(model=model, plan=NONE, samples=samples, most=3, most_small=30)
    name = model.graph.inputs[0].name or ""
    found = [sample.values[name] for sample in workspace.float_values([name])]
    assert len(found) == seen
    assert len({array.tobytes() for array in found}) == seen
    assert not any(np.array_equal(array, sample[name]) for array in found for sample in workspace.held_back())
