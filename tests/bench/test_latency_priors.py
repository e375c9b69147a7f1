"""The search for priors: what is read is what is installed, and only better ones are kept."""

import numpy as np
import pytest
from tests.bench import latency_priors

from portproof.device_profiles.cost import components, deviation, reference


@pytest.fixture
def priors(monkeypatch):
    """Those of cores; whatever is installed is undone."""
    for holder in (components.PRIORS, deviation.PRIORS, reference.SETTINGS):
        for key, value in list(holder.items()):
            monkeypatch.setitem(holder, key, value)
    return latency_priors.Priors("cpu")


def test_what_is_read_is_what_is_installed(priors):
    before = [dict(holder) for holder in (components.PRIORS, deviation.PRIORS, reference.SETTINGS)]
    priors.install(priors.read())
    assert before == [dict(holder) for holder in (components.PRIORS, deviation.PRIORS, reference.SETTINGS)]


def test_priors_of_every_kind_are_installed_for_the_unit_alone(priors):
    others = components.PRIORS["m_pw"][1:]
    priors.install(
        priors.read() | {"rate m_pw": 7.0, "setting rates 1": 0.5, "setting noise": 0.3, "deviation grain": 2.0}
    )
    assert components.PRIORS["m_pw"] == (7.0, *others)
    assert reference.SETTINGS["cpu"].rates[1] == 0.5
    assert reference.SETTINGS["cpu"].noise == 0.3
    assert deviation.PRIORS["cpu"].grain == 2.0


def test_what_a_unit_does_not_do_stays_nothing(priors):
    assert "rate m_dw_padding" not in priors.read()
    assert "deviation size" not in priors.read()


def test_a_search_keeps_what_is_better_and_stays_near(priors):
    def score():
        rate = components.PRIORS["m_pw"][0]
        if rate > 400:
            raise np.linalg.LinAlgError
        return abs(np.log(rate / 150)), (rate,)

    found = list(latency_priors.search(priors, priors.read(), score, range(1500), 0))
    values = [value for value, _, _ in found]
    assert values == sorted(values, reverse=True)
    assert 110 < found[-1][2]["rate m_pw"] < 190
    assert found[0][2] == priors.read()


def test_what_hardly_helps_does_not_move_the_priors(priors):
    start = priors.read()
    score = lambda: (-1e-4 * np.log(components.PRIORS["m_pw"][0]), ())  # noqa: E731
    found = list(latency_priors.search(priors, start, score, range(1500), 0))[-1][2]
    assert max(abs(np.log(found[key] / start[key])) for key in start) < 0.1
