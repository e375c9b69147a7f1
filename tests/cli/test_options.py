from pathlib import Path

import pytest

from portproof.cli.config import read_defaults
from portproof.cli.group import app
from portproof.cli.options import LINE


def parsed(command: str, words: list[str]) -> dict[str, object]:
    """The values of a command's parameters; nothing is run."""
    context = app.make_context("portproof", [command, *words])
    context.default_map = read_defaults(app, context)
    found = app.get_command(context, command)
    assert found is not None
    with found.make_context(command, list(words), parent=context) as inner:
        return dict(inner.params)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_what_may_be_repeated() -> None:
    words = ["a=x.onnx", "b=y.onnx", "--data", "a=p", "--data", "b=q", "--labels", "l.txt", "--image", "x?size=2"]
    found = parsed("export", words)
    assert found["model"] == ("a=x.onnx", "b=y.onnx")
    assert (found["data"], found["labels"], found["images"]) == (("a=p", "b=q"), ("l.txt",), ("x?size=2",))
    assert parsed("verify", ["d", "--ref", "a=x", "--ref", "b=y"])["ref"] == ("a=x", "b=y")


def test_places_with_spaces_in_an_environment_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTPROOF_EXPORT_DATA", "a=my inputs/x.npz\nb=q")
    assert parsed("export", ["m.onnx"])["data"] == ("a=my inputs/x.npz", "b=q")
    assert LINE.split_envvar_value("one place") == ["one place"]


def test_the_configuration_may_name_them(folder: Path) -> None:
    (folder / "portproof.toml").write_text(
        '[export]\nimage = "photo?mean=0.5"\nlabels = ["a=x.txt", "b=y.txt"]\nscore-threshold = "0.5"\n'
        'data = "my inputs"\n'
    )
    found = parsed("export", ["m.onnx"])
    assert (found["images"], found["labels"]) == (("photo?mean=0.5",), ("a=x.txt", "b=y.txt"))
    assert (found["score_thresholds"], found["data"]) == (("0.5",), ("my inputs",))


def test_the_configuration_may_name_profiles_and_values(folder: Path) -> None:
    (folder / "portproof.toml").write_text('[export]\nprofile = ["boards"]\nset = ["npu.sram_mib=2", "soc=A B"]\n')
    found = parsed("export", ["m.onnx", "-d", "x"])
    assert (found["profiles"], found["overrides"]) == ((Path("boards"),), ("npu.sram_mib=2", "soc=A B"))
