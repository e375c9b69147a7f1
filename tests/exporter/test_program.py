from pathlib import Path

import pytest
from tests.small import TWO_INPUTS, save

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.program import load, named


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        ("net.onnx", {"": "net.onnx"}),
        (("net.onnx",), {"": "net.onnx"}),
        (["a=x.onnx", "b=net.py:build"], {"a": "x.onnx", "b": "net.py:build"}),
        ({"a": "x=y.onnx"}, {"a": "x=y.onnx"}),
        (["dir=1/net.onnx"], {"dir": "1/net.onnx"}),
        (["runs/lr=1/net.onnx"], {"": "runs/lr=1/net.onnx"}),
    ],
)
def test_names_of_functions(models: object, expected: dict[str, str]) -> None:
    assert named(models) == expected  # type: ignore[arg-type]


def test_a_file_with_an_equals_sign_is_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a=b.onnx").write_bytes(b"")
    assert named("a=b.onnx") == {"": "a=b.onnx"}


def test_one_function_is_what_it_was(tmp_path: Path) -> None:
    found = load(save(tmp_path))
    assert (found.name, found.keys, found.models) == (
        "net",
        ("serving_default",),
        {"serving_default": str(tmp_path / "net.onnx")},
    )
    assert found.only is not None


def test_several_take_the_names_given(tmp_path: Path) -> None:
    text = TWO_INPUTS.replace("float[2,4] left", "float[N,4] left")
    pair = save(tmp_path, text, "pair.onnx")
    found = load({"b": pair, "a": save(tmp_path)}, inputs=["b:left=2x4"])
    assert (found.name, found.keys, found.only) == ("b_a", ("b", "a"), None)
    assert found.functions["b"].input_names == ("left", "right")
    with pytest.raises(PortproofError) as caught:
        load({"b": pair, "a": save(tmp_path)}, inputs=["left=2x4"])
    assert caught.value.messages[0].hint == "say of which it is an input: b:left=... or a:left=..."


def test_a_factory_of_several_gets_no_name_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = load(save(tmp_path)).only
    monkeypatch.setattr("portproof.exporter.program.load_functions", lambda *_, **__: {"a": source, "b": source})
    assert load("net.py:build").keys == ("a", "b")
    with pytest.raises(PortproofError, match=r"net\.py:build offers several functions already: a, b"):
        load(["both=net.py:build"])
