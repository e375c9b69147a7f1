"""What of a network was hardly measured in a form is named; what was, and what is known itself, is not."""

import pytest

from portproof.device_profiles.cost import components, predict, shipped, unlike
from portproof.device_profiles.cost.groups import family
from portproof.device_profiles.cost.work import Layer


def network(*kinds):
    """Equal products of some kinds."""
    made = [
        Layer(
            name=kind, kind=kind, macs=10_000_000, inputs=50_000, outputs=50_000, params=1000, reduction=64,
            channels=64, window=1,
        )
        for kind in kinds
    ]  # fmt: skip
    return components.traits([components.amounts(made)])


def found(precision, *kinds, unit="npu", runtime="tflite"):
    reference, position = predict.response_of(shipped.load(), family(unit, runtime, precision))
    return unlike.classes(reference, position, network(*kinds))


def test_attention_was_measured_once_in_w8a8_and_often_in_float():
    assert found("w8a8", "pw", "bmm") == {"products of two activations": 1}
    assert found("fp16", "pw", "bmm") == {}


def test_classes_that_no_network_has_are_named_too():
    assert found("w8a8", "pw", "deconv", "rnn") == {"transposed convolutions": 0, "recurrent layers": 1}
    assert found("fp16/fp32", "fc", unit="cpu", runtime="ncnn-4t-ps0") == {"fully connected layers": 0}


def test_what_hardly_matters_is_not_named():
    assert found("w8a8", *["pw"] * 60, "bmm") == {}
    assert found("w8a8", *["pw"] * 40, "bmm") == {"products of two activations": 1}


def test_a_network_that_was_measured_is_known():
    model = shipped.load()
    reference, position = predict.response_of(model, family("npu", "tflite", "w8a8"))
    known = components.traits([model.networks["tv.vit_b_16|1x3x224x224"]])
    assert unlike.classes(reference, position, known) == {}
    other = components.traits([model.networks["timm.beit_base_patch16_224|1x3x224x224"]])
    assert unlike.classes(reference, position, other) == {"products of two activations": 1}


def test_families_of_few_networks_are_uncalibrated_anyway():
    assert found("fp16/fp32", "bmm", "pw", unit="gpu", runtime="ncnn-vulkan") != {}
    assert found("int8", "bmm", "pw", unit="gpu", runtime="ncnn-vulkan") == {}


@pytest.mark.parametrize(
    ("kinds", "says"), [(("pw",), []), (("pw", "bmm", "rnn"), ["(1 network), recurrent layers (1"])]
)
def test_a_note_says_it(kinds, says):
    reference, position = predict.response_of(shipped.load(), family("npu", "tflite", "w8a8"))
    notes = unlike.notes(reference, position, network(*kinds))
    assert len(notes) == len(says)
    assert all(part in note and "guess" in note for part, note in zip(says, notes, strict=True))
