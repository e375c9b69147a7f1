import json

import pytest

from portproof.cli.main import run
from portproof.exporter import doctor

OK = doctor.Check(what="python", state="ok", found="3.11")
BROKEN = doctor.Check(what="numpy", state="broken", found="1.26", wanted=">=2", hint="pip install numpy")


def test_a_sound_environment_is_0(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "examine", lambda _progress: [OK])
    assert run(["doctor"]) == 0
    captured = capfd.readouterr()
    assert captured.out.splitlines()[1].split() == ["ok", "python", "3.11"]
    assert "next: portproof export" in captured.err


def test_a_broken_one_is_4_with_what_to_do(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "examine", lambda _progress: [OK, BROKEN])
    assert run(["doctor"]) == 4
    captured = capfd.readouterr()
    assert "broken  numpy" in captured.out
    assert "E-ENVIRONMENT: numpy: 1.26\n  do: pip install numpy" in captured.err
    assert run(["doctor", "--json"]) == 4
    document = json.loads(capfd.readouterr().out)
    assert document["ok"] is False
    assert document["result"]["checks"][1]["hint"] == "pip install numpy"
