"""What of a network was hardly measured in a form is named; what was, and what is known itself, is not."""

import pytest

from portproof.device_profiles import load
from portproof.device_profiles.cost import components, predict, shipped, unlike
from portproof.device_profiles.cost.groups import family
from portproof.device_profiles.cost.work import Layer


def layers(*kinds):
    """Equal products of some kinds."""
    return [
        Layer(
            name=kind, kind=kind, macs=10_000_000, inputs=50_000, outputs=50_000, params=1000, reduction=64,
            channels=64, window=1,
        )
        for kind in kinds
    ]  # fmt: skip


def network(*kinds):
    return components.traits([components.amounts(layers(*kinds))])


def found(precision, *kinds, unit="npu", runtime="tflite"):
    reference, position = predict.response_of(shipped.load(), family(unit, runtime, precision))
    return unlike.classes(reference, position, network(*kinds))


def test_attention_was_measured_once_in_w8a8_and_often_in_float():
    assert found("w8a8", "pw", "bmm") == {"products of two activations": 1}
    assert found("fp16", "pw", "bmm") == {}


def test_two_networks_are_enough_to_know_a_class():
    assert found("int8", "pw", "bmm", unit="cpu") == {}
    assert found("fp32", "pw", "bmm", unit="cpu") == {"products of two activations": 1}


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


def test_a_prediction_has_the_note():
    phone = load("galaxy-s24")
    told = [
        predict.predict_layers(layers("pw", "bmm"), phone, unit="npu", runtime="tflite", precision=form).notes
        for form in ("w8a8", "fp16")
    ]
    assert "products of two activations" in told[0][-1]
    assert told[1] == ()


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
