from importlib import metadata

import pytest

from portproof.device_profiles.errors import PortproofError
from portproof.exporter import doctor

REQUIRES = ["numpy>=2.0,<3", 'torch>=2.9; extra == "torch"', 'ruff>=0.1; extra == "dev"']


def states(checks: list[doctor.Check]) -> dict[str, str]:
    return {check.what: check.state for check in checks}


@pytest.fixture
def versions(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What is installed, for the checks of packages; the runs of models are left out."""
    installed = {"portproof": "0.1.0", "numpy": "2.4.6", "torch": "2.13.0+cpu"}

    def version(name: str) -> str:
        if name not in installed:
            raise metadata.PackageNotFoundError(name)
        return installed[name]

    monkeypatch.setattr(doctor.metadata, "version", version)
    monkeypatch.setattr(doctor.metadata, "requires", lambda _name: REQUIRES)
    monkeypatch.setattr(doctor, "_run_onnx", lambda _folder: 3.0)
    monkeypatch.setattr(doctor, "_run_tflite", lambda _folder: 3.0)
    monkeypatch.setattr(doctor, "_run_coreml", lambda _folder: 3.0)
    return installed


def test_this_environment_is_sound() -> None:
    checks = doctor.examine()
    assert [check for check in checks if check.state == "broken"] == []
    assert {"python", "numpy", "torch (extra torch)", "coremltools (extra coreml)"} <= set(states(checks))
    runs = {check.what: check.found for check in checks if check.what.endswith("runs a model")}
    assert {"LiteRT runs a model", "the Core ML emulator runs a model"} <= set(runs)
    assert set(runs.values()) == {"1 + 2 = 3"}


def test_what_only_developers_need_is_not_asked_for(versions: dict[str, str]) -> None:
    assert list(states(doctor.examine())) == [
        "python", "numpy", "torch (extra torch)", "ONNX Runtime runs a model", "LiteRT runs a model",
    ]  # fmt: skip


def test_a_runtime_of_an_extra_is_tried_where_it_is_installed(versions: dict[str, str]) -> None:
    assert "the Core ML emulator runs a model" not in states(doctor.examine())
    versions["coremltools"] = "9.0"
    assert states(doctor.examine())["the Core ML emulator runs a model"] == "ok"


def test_a_package_out_of_range_is_broken(versions: dict[str, str]) -> None:
    versions["numpy"] = "1.26.4"
    (check,) = [check for check in doctor.examine() if check.what == "numpy"]
    assert (check.state, check.found, check.wanted) == ("broken", "1.26.4", "<3,>=2.0")
    assert check.hint == "pip install 'numpy<3,>=2.0'"


def test_a_missing_package_is_broken_a_missing_extra_is_absent(versions: dict[str, str]) -> None:
    del versions["numpy"], versions["torch"]
    found = states(doctor.examine())
    assert found["numpy"] == "broken"
    assert found["torch (extra torch)"] == "absent"


def test_two_packages_that_cannot_live_together(versions: dict[str, str]) -> None:
    versions |= {"onnxruntime": "1.23", "onnxruntime-gpu": "1.23"}
    (check,) = [check for check in doctor.examine() if " and " in check.what]
    assert (check.state, check.hint) == ("broken", "pip uninstall onnxruntime-gpu")


@pytest.mark.parametrize("error", [PortproofError("E-RUN", "LiteRT was killed by SIGILL"), ImportError("no module")])
def test_a_runtime_that_does_not_run_is_a_finding(
    versions: dict[str, str], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(_folder: object) -> float:
        raise error

    monkeypatch.setattr(doctor, "_run_tflite", fail)
    check = doctor.examine()[-1]
    assert (check.what, check.state) == ("LiteRT runs a model", "broken")
    assert str(error) in check.found


def test_a_runtime_that_computes_wrong_is_broken(versions: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "_run_onnx", lambda _folder: 0.0)
    assert states(doctor.examine())["ONNX Runtime runs a model"] == "broken"
