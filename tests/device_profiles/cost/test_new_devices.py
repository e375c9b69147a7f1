"""Leaving chips out of an invented survey, whose devices are as fast as their figures say."""

import numpy as np
import pytest
from tests.device_profiles.cost.test_model import network

from portproof.device_profiles import load as load_profile
from portproof.device_profiles.cost import components, new_devices, points
from portproof.device_profiles.cost.groups import Group
from portproof.device_profiles.cost.new_devices import Survey
from portproof.device_profiles.cost.points import Measurement
from portproof.device_profiles.cost.spec_sheet import stated, values

#: Snapdragons with an HTP of another version each; galaxy-s24 and iqoo-12 have the same chip.
DEVICES = ("galaxy-s21", "galaxy-s22", "galaxy-s23", "galaxy-s24", "iqoo-12", "galaxy-s25", "galaxy-s26")


@pytest.fixture(scope="module")
def survey() -> Survey:
    rng = np.random.default_rng(1)
    networks = {f"net{index}|1x3x64x64": network(rng) for index in range(8)}
    profiles = {name: load_profile(name) for name in (*DEVICES, "pixel-9")}
    rows = []
    for name, profile in profiles.items():
        version = values(profile, "npu", "")[0] or 0.0
        group = Group(device=name, unit="npu", runtime="qnn_dlc", precision="fp16")
        for key, amounts in networks.items():
            time = sum(components.PRIORS[term][1] * amount for term, amount in amounts.items()) / 1000
            rows.append(Measurement(group=group, network=key, latency_ms=time * np.exp(-version)))
    data = points.of_measurements(rows, list(networks))
    return Survey(points=data, traits=components.traits(list(networks.values())), profiles=profiles)


def test_figures_predict_what_the_family_does_not(survey: Survey) -> None:
    left = new_devices.leave_out(survey)
    known = np.isfinite(left.sheet)
    alone = new_devices.median_ape(survey.points, left.family, known)
    assert new_devices.median_ape(survey.points, left.sheet, known) < alone / 1.5
    (family,) = {group.family for group in survey.points.groups}
    assert set(new_devices.spreads(survey.points, left)) == {family}
    lines = new_devices.table(survey.points, left).splitlines()
    assert [line.partition(":")[0] for line in lines[:3]] == ["cpu, all", "gpu, all", "npu, all"]
    assert any("by figures" in line for line in lines[3:])


def test_a_profile_without_the_figure_is_not_predicted_from_it(survey: Survey) -> None:
    left = new_devices.leave_out(survey)
    without = np.array([not stated(survey.profiles[g.device], "npu") for g in survey.points.groups])
    assert without.sum() == 1
    assert np.isnan(left.sheet[without[survey.points.group]]).all()


def test_only_a_device_that_shares_its_chip_has_a_sibling(survey: Survey) -> None:
    left = new_devices.leave_out(survey)
    known = np.isfinite(left.sibling)
    assert {survey.points.groups[g].device for g in survey.points.group[known]} == {"galaxy-s24", "iqoo-12"}
    assert new_devices.median_ape(survey.points, left.sibling, known) < 0.05
    assert np.isfinite(new_devices.fit(survey, left).sibling_spread["npu"])
