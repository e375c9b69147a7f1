"""The fitted model on invented devices, whose rates are known."""

import numpy as np
import pytest

from portproof.device_profiles.cost import components, cross_validation, deviation, points, reference
from portproof.device_profiles.cost.groups import Family, Group, family
from portproof.device_profiles.cost.points import Measurement
from portproof.device_profiles.cost.work import Layer


def network(rng):
    """Six to fourteen convolutions of random sizes."""
    made = []
    for _ in range(rng.integers(6, 15)):
        kind, window = [("conv", 9), ("pw", 1), ("dw", 9)][rng.integers(3)]
        channels, pixels = int(rng.integers(16, 256)), int(rng.integers(49, 3136))
        reduction = window if kind == "dw" else channels * window
        made.append(
            Layer(
                name="n", kind=kind, macs=channels * pixels * reduction, inputs=channels * pixels,
                outputs=channels * pixels, params=channels * reduction, reduction=reduction, channels=channels,
                window=window,
            )
        )  # fmt: skip
    return components.amounts(made)


def survey(count=24, devices=4, seed=3):
    """Devices that differ in speed and in memory, and the networks."""
    rng = np.random.default_rng(seed)
    networks = {f"net{index}|1x3x224x224": network(rng) for index in range(count)}
    rows = []
    for device in range(devices):
        memory, scale = 1 + device / 2, 2.0**-device
        group = Group(device=f"d{device}", unit="cpu", runtime="ncnn-1t-ps0", precision="fp32")
        for name, amounts in networks.items():
            time = sum(
                components.PRIORS[term][0] * amount * (memory if term.startswith("io_") else 1)
                for term, amount in amounts.items()
            )
            rows.append(Measurement(group=group, network=name, latency_ms=scale * time / 1000))
    return rows, networks


def test_unseen_architectures_of_a_roofline_are_predicted():
    rows, networks = survey()
    data = points.of_measurements(rows, list(networks))
    marks = components.traits(list(networks.values()))
    predicted = cross_validation.predict_held_out(data, marks, cross_validation.folds(data, 6, 0))
    quality = cross_validation.quality(data, predicted, cross_validation.calibrated(data))
    assert quality.points == 96
    assert quality.median_ape < 0.08
    assert quality.rank > 0.97
    again = cross_validation.predict_held_out(data, marks, cross_validation.folds(data, 6, 0))
    np.testing.assert_array_equal(predicted, again)


def test_a_device_that_is_slow_at_memory_is_found_to_be():
    rows, networks = survey()
    data = points.of_measurements(rows, list(networks))
    marks = components.traits(list(networks.values()))
    found = deviation.fit(reference.fit(data, marks, "cpu"), data, marks)
    memory = [found[index].weights[deviation.NAMES.index("memory")] for index in range(4)]
    assert memory == sorted(memory)
    scales = [found[index].log_scale for index in range(4)]
    assert scales == sorted(scales, reverse=True)


def neural(odd=1.0, depthwise=1.0):
    """Devices of a neural processor's prior rates but for depthwise layers; the first network takes `odd` its time."""
    rng = np.random.default_rng(5)
    networks = {f"net{index}|1x3x224x224": network(rng) for index in range(16)}
    rows = []
    for device in range(3):
        group = Group(device=f"d{device}", unit="npu", runtime="tflite", precision="int8")
        for index, (name, amounts) in enumerate(networks.items()):
            time = sum(
                components.PRIORS[term][2] * amount * (depthwise if "_dw" in term else 1)
                for term, amount in amounts.items()
            )
            rows.append(Measurement(group=group, network=name, latency_ms=(odd if index == 0 else 1.0) * time / 1000))
    data = points.of_measurements(rows, list(networks))
    return data, components.traits(list(networks.values()))


def test_rates_that_are_tied_deviate_together():
    found = reference.fit(*neural(depthwise=3.0), "npu")
    off = dict(zip(components.TERMS, (found.rates - found.base)[0], strict=True))
    for terms in components.TIES["npu"]:
        assert [off[term] for term in terms] == pytest.approx([off[terms[0]]] * len(terms))
    assert off["m_dw"] - off["m_conv"] == pytest.approx(np.log(3), abs=0.2)


def test_a_network_taken_badly_is_an_outlier_and_remembered():
    data, marks = neural(odd=6.0)
    found, plain = reference.fit(data, marks, "npu"), reference.fit(*neural(), "npu")
    family = np.zeros(16, dtype=np.int64)
    off = found.predict(family, marks) - plain.predict(family, marks)
    assert np.abs(off[1:] - off[1:].mean()).max() < 0.03
    assert off[0] - off[1:].mean() == pytest.approx(np.log(6), abs=0.15)
    slower = components.traits([dict(zip(components.TERMS, 4 * marks.amounts[0], strict=True))])
    unlike = found.predict(family[:1], slower) - plain.predict(family[:1], slower)
    assert unlike[0] - off[1:].mean() == pytest.approx(0.0, abs=0.05)


def test_what_a_depthwise_kernel_has_beyond_3x3_counts_apart():
    wide = Layer(
        name="n", kind="dw", macs=25 * 10**6, inputs=10**6, outputs=10**6, reduction=25, channels=64, window=25
    )
    found = components.layer_amounts(wide)
    assert (found["m_dw"], found["m_dw_wide"]) == (pytest.approx(9.0), pytest.approx(16.0))
    narrow = Layer(name="n", kind="dw", macs=9 * 10**6, inputs=10**6, outputs=10**6, reduction=9, channels=64, window=9)
    assert components.layer_amounts(narrow)["m_dw"] == 9.0
    assert "m_dw_wide" not in components.layer_amounts(narrow)


@pytest.mark.parametrize(
    ("kind", "channels", "reduction", "window", "padding"),
    [
        ("conv", 64, 64 * 9, 9, {"m_padding": 0.0}),
        ("pw", 48, 16, 1, {"m_padding": 64 / 48 * 2 - 1}),
        ("gconv", 128, 4 * 9, 9, {"m_gconv_padding": 7.0}),  # groups of four channels fill an eighth of a block
        ("gconv", 128, 32 * 9, 9, {"m_gconv_padding": 0.0}),
        ("dw", 16, 9, 9, {"m_dw_padding": 1.0, "io_dw_padding": 2.0}),
    ],
)
def test_channels_come_in_blocks_of_32_of_each_group(kind, channels, reduction, window, padding):
    layer = Layer(
        name="n", kind=kind, macs=10**6, inputs=10**6, outputs=10**6, reduction=reduction, channels=channels,
        window=window,
    )  # fmt: skip
    found = components.layer_amounts(layer)
    assert {term: found[term] for term in found if term.endswith("padding")} == pytest.approx(padding)


def test_ranks_of_what_ties_are_their_mean():
    assert cross_validation.spearman(np.array([1.0, 1.0, 2.0]), np.array([1.0, 2.0, 3.0])) == pytest.approx(0.75**0.5)
    assert cross_validation.spearman(np.array([3.0, 1.0, 2.0]), np.array([30.0, 10.0, 20.0])) == pytest.approx(1.0)


def test_units_are_fitted_apart():
    rows, networks = survey(count=12, devices=2)
    group = Group(device="d0", unit="gpu", runtime="ncnn-vulkan-ps0", precision="fp16")
    more = [Measurement(group=group, network=row.network, latency_ms=3 * row.latency_ms**1.5) for row in rows[:12]]
    marks = components.traits(list(networks.values()))
    both, one = points.of_measurements([*rows, *more], list(networks)), points.of_measurements(rows, list(networks))
    predicted = cross_validation.predict_held_out(both, marks, cross_validation.folds(both, 4, 0))
    alone = cross_validation.predict_held_out(one, marks, cross_validation.folds(one, 4, 0))
    np.testing.assert_array_equal(predicted[cross_validation.unit_rows(both, "cpu")], alone)
    assert np.isfinite(predicted[cross_validation.unit_rows(both, "gpu")]).all()


def test_folds_never_split_an_architecture():
    group = Group(device="d", unit="npu", runtime="tflite", precision="fp16")
    rows = [
        Measurement(group=group, network=f"net{index // 2}|1x3x{64 * (1 + index % 2)}x64", latency_ms=1.0 + index)
        for index in range(20)
    ]
    data = points.of_measurements(rows)
    fold = cross_validation.folds(data, 5, 7)
    assert all(len(set(fold[data.architecture == one])) == 1 for one in range(10))
    assert sorted(np.bincount(fold)) == [4, 4, 4, 4, 4]


def test_repeated_measurements_become_their_median():
    group = Group(device="d", unit="gpu", runtime="tflite", precision="fp16")
    rows = [Measurement(group=group, network="a|1", latency_ms=value) for value in (1.0, 2.0, 400.0)]
    assert np.exp(points.of_measurements(rows).log_ms) == pytest.approx([2.0])


@pytest.mark.parametrize(
    ("unit", "runtime", "precision", "expected"),
    [
        ("cpu", "litert", "fp32", ("tflite-cpu", "float")),
        ("cpu", "xnnpack-mt", "int8", ("tflite-cpu", "int8")),
        ("gpu", "tflite", "fp16", ("tflite-gpu", "float")),
        ("npu", "tflite", "w8a8", ("tflite", "int8")),
        ("npu", "tflite-edgetpu", "int8", ("edgetpu", "int8")),
        ("cpu", "ncnn-4t-ps2", "fp16/fp32", ("ncnn", "float")),
        ("npu", "qnn", "w8a16", ("qnn_dlc", "w8a16")),
    ],
)
def test_families(unit, runtime, precision, expected):
    assert family(unit, runtime, precision) == Family(unit=unit, runtime=expected[0], precision=expected[1])


def test_quality_counts_what_lies_within():
    rows, networks = survey(count=10, devices=1)
    data = points.of_measurements(rows, list(networks))
    off = data.log_ms + np.log([1.05, 0.95, 1.15, 1.3, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0])
    quality = cross_validation.quality(data, off, np.ones(10, bool))
    assert (quality.within_10, quality.within_20) == (pytest.approx(0.7), pytest.approx(0.8))
    assert cross_validation.half_width(data, off, np.ones(10, bool), 1.0) == pytest.approx(np.log(2))


def layered(extra_ms, unit="cpu"):
    """One device that takes `extra_ms` more for each layer, and the error of its unseen networks, root mean square."""
    rows, networks = survey(devices=3)
    rows = [
        Measurement(
            group=Group(
                device=row.group.device, unit=unit, runtime="ncnn-1t-ps0" if unit == "cpu" else "ncnn-vulkan",
                precision="fp32",
            ),
            network=row.network,
            latency_ms=row.latency_ms + extra_ms * (row.group.device == "d2") * layers_of(networks[row.network]),
        )
        for row in rows
    ]  # fmt: skip
    data = points.of_measurements(rows, list(networks))
    marks = components.traits(list(networks.values()))
    return data, marks


def layers_of(amounts):
    return amounts["n_product"] + amounts["n_other"]


def test_a_device_that_pays_for_every_layer_is_found_to_be():
    data, marks = layered(0.6)
    found = deviation.fit(reference.fit(data, marks, "cpu"), data, marks)
    weights = [found[index].weights for index in range(3)]
    size, layers = (deviation.NAMES.index(name) for name in ("size", "layers"))
    assert weights[2][layers] > max(weights[0][layers], weights[1][layers])
    assert weights[2][layers] > weights[2][size]


def test_that_layers_matter_is_learned_from_the_other_networks(monkeypatch):
    data, marks = layered(0.6)
    fold = cross_validation.folds(data, 6, 0)
    mine = np.array([group.device == "d2" for group in data.groups])[data.group]

    def error():
        return np.sqrt(np.mean((cross_validation.predict_held_out(data, marks, fold) - data.log_ms)[mine] ** 2))

    told = error()
    monkeypatch.setitem(deviation.PRIORS, "cpu", deviation.Prior(size=1.0, grain=0.0, layers=0.0))
    assert told < 0.9 * error()


def test_layers_of_every_kind_count():
    data, marks = layered(0.0)
    model = reference.fit(data, marks, "cpu")
    amounts = dict(zip(components.TERMS, marks.amounts[0].tolist(), strict=True)) | {"n_product": 20.0, "n_other": 70.0}
    found = deviation.features(model, np.array([0]), components.traits([amounts]), np.array([3.0]))
    assert found[0, -1] == pytest.approx(np.log(90) / 3 - 1.5)
    assert found[0, -2] == pytest.approx(3 / 3 - 0.5)


def test_graphics_processors_have_no_weight_for_layers():
    data, marks = layered(0.6, "gpu")
    found = deviation.fit(reference.fit(data, marks, "gpu"), data, marks)
    assert [one.weights[deviation.NAMES.index("layers")] for one in found.values()] == [0.0] * 3


@pytest.mark.parametrize("unit", components.UNITS)
def test_priors_of_deviations_are_covariances(unit):
    covariance = deviation.PRIORS[unit].covariance()
    np.testing.assert_array_equal(covariance, covariance.T)
    assert np.linalg.eigvalsh(covariance).min() >= -1e-12
    assert covariance.shape == (len(deviation.NAMES),) * 2
