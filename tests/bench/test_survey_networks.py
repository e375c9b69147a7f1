"""The tool that makes the survey's networks: what it makes is what the shipped model was fitted with."""

from pathlib import Path

import pytest
from tests.bench import survey_networks

from portproof.device_profiles.cost import shipped
from portproof.device_profiles.cost.survey import network_file, read_networks

NAME = "mbv1.0.25|1x3x128x128"


def test_mobilenet_v1_costs_what_the_shipped_file_says(tmp_path: Path) -> None:
    survey_networks.export(NAME, str(network_file(str(tmp_path), NAME)))
    found = read_networks([NAME], str(tmp_path))[NAME]
    assert found == pytest.approx(shipped.load().networks[NAME], rel=1e-5)


def test_every_network_of_the_survey_is_of_a_known_source() -> None:
    assert {name.partition(".")[0] for name in shipped.load().networks} == {"mbv1", "tv", "timm"}


def test_a_network_that_cannot_be_made_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr("sys.argv", ["survey_networks", str(tmp_path), "mbv1.wide|1x3x128x128"])
    with pytest.raises(SystemExit) as stopped:
        survey_networks.main()
    assert stopped.value.code == 1
    assert "mbv1.wide|1x3x128x128: ValueError" in capsys.readouterr().err
