"""The tool that makes the survey's networks: what it makes is what the shipped model was fitted with."""

from pathlib import Path

import pytest
from tests.bench import ncnn_networks, survey_networks
from torch import nn

from portproof.device_profiles.cost import shipped
from portproof.device_profiles.cost.survey import network_file, read_networks

NAMES = ("mbv1.0.25|1x3x128x128", "tv.googlenet#ncnn|1x3x224x224", "tv.mobilenet_v3_large#ncnn|1x3x224x224")


@pytest.mark.parametrize("name", NAMES)
def test_networks_cost_what_the_shipped_file_says(name: str, tmp_path: Path) -> None:
    survey_networks.export(name, str(network_file(str(tmp_path), name)))
    found = read_networks([name], str(tmp_path))[name]
    assert found == pytest.approx(shipped.load().networks[name], rel=1e-5)


def test_caffes_googlenet_has_the_published_weights() -> None:
    made = survey_networks.module("tv.googlenet#ncnn")
    assert sum(weight.numel() for weight in made.parameters()) == 6_998_552


def test_layers_that_ncnn_has_otherwise_are_changed_in_torchvisions() -> None:
    made = ncnn_networks.module("squeezenet1_1", squeezenet_like)
    assert made.classifier[1].padding == (1, 1)


def squeezenet_like(name: str) -> nn.Module:
    """As much of torchvision's as is changed: the tests run without it."""
    made = nn.Module()
    made.classifier = nn.Sequential(nn.Dropout(), nn.Conv2d(8, 4, 1))
    return made


def test_every_network_of_the_survey_is_of_a_known_source() -> None:
    assert {name.partition(".")[0] for name in shipped.load().networks} == {"mbv1", "tv", "timm"}


def test_a_network_that_cannot_be_made_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr("sys.argv", ["survey_networks", str(tmp_path), "mbv1.wide|1x3x128x128"])
    with pytest.raises(SystemExit) as stopped:
        survey_networks.main()
    assert stopped.value.code == 1
    assert "mbv1.wide|1x3x128x128: ValueError" in capsys.readouterr().err
