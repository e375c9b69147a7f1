import importlib
import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import coreml_files as files
import numpy as np
import pytest
from mutation_seeds import SEEDS

from portproof import runtimes
from portproof.device_profiles.errors import Message, PortproofError
from portproof.runtimes.coreml import load, make_state, predict
from portproof.runtimes.registry import FORMATS, Format


def _package(folder: Path, name: str) -> Path:
    weights = files.WeightFile()
    return files.save(folder / f"{name}.mlpackage", SEEDS[name](weights), weights)


def _message(path: Path, inputs: dict[str, Any], **options: Any) -> Message:
    with pytest.raises(PortproofError) as caught:
        predict(path, inputs, **options)
    return caught.value.messages[0]


def test_a_state_is_updated_in_place(tmp_path: Path) -> None:
    path, x = _package(tmp_path, "functions"), np.array([1, 2], np.float16)
    state, other = make_state(path), make_state(path)
    assert state.read("sum").tolist() == [0, 0]
    for count in (1, 2, 3):
        found = predict(path, {"x": x}, state=state)["y"]
        assert found.dtype == np.float16
        assert found.tolist() == [count, 2 * count]
    assert state.read("sum").tolist() == [3, 6]
    state.write("sum", np.array([10, 20], np.float16))
    assert predict(path, {"x": x}, state=state)["y"].tolist() == [11, 22]
    assert other.read("sum").tolist() == [0, 0]


def test_states_that_are_not_the_model_s(tmp_path: Path) -> None:
    path, x = _package(tmp_path, "functions"), np.zeros(2, np.float16)
    message = _message(path, {"x": x})
    assert (message.code, "make_state" in message.hint) == ("E-DATA-NAME", True)
    assert _message(path, {"x": x}, function="plain", state=make_state(path)).code == "E-DATA-NAME"
    state = make_state(path)
    state.boxes["sum"].value = state.boxes["sum"].value.reshape(2, 1)
    assert _message(path, {"x": x}, state=state).code == "E-DATA-SHAPE"


def test_what_a_state_does_not_take(tmp_path: Path) -> None:
    state = make_state(_package(tmp_path, "functions"))
    for name, array, code in (
        ("sums", np.zeros(2, np.float16), "E-DATA-NAME"),
        ("sum", np.zeros(3, np.float16), "E-DATA-SHAPE"),
        ("sum", np.zeros(2, np.float32), "E-DATA-DTYPE"),
    ):
        with pytest.raises(PortproofError) as caught:
            state.write(name, array)
        assert caught.value.messages[0].code == code
    with pytest.raises(PortproofError):
        state.read("sums")


def test_one_function_of_several(tmp_path: Path) -> None:
    path, x = _package(tmp_path, "functions"), np.array([0.5, -1], np.float16)
    found = predict(path, {"x": x}, function="plain")["y"]
    np.testing.assert_allclose(found, np.tanh(x), rtol=1e-3)
    assert make_state(path, function="plain").boxes == {}
    message = _message(path, {"x": x}, function="plane")
    assert (message.code, message.hint) == ("E-USAGE", "did you mean plain?")
    assert runtimes.signatures(path) == ("count", "plain")


def test_a_classifier_gives_a_label_and_probabilities(tmp_path: Path) -> None:
    path = _package(tmp_path, "classes")
    found = predict(path, {"x": np.array([[1, 3, 2]], np.int64)})
    assert list(found) == ["label", "label_probs"]
    assert found["label"] == "dog"
    assert list(found["label_probs"]) == ["cat", "dog", "cow"]
    assert sum(found["label_probs"].values()) == pytest.approx(1)


def test_an_input_with_a_default_of_any_length(tmp_path: Path) -> None:
    model = load(_package(tmp_path, "older"))
    left_out = model.predict({})["y"]
    assert left_out.shape == (2, 3)
    np.testing.assert_array_equal(left_out, model.predict({"x": np.full((2, 4), 0.5)})["y"])
    assert model.predict({"x": np.zeros((5, 4), np.float32)})["y"].shape == (5, 3)


def test_results_are_the_caller_s_own(tmp_path: Path) -> None:
    relu = files.operation("identity", {"x": "x"}, {"y": files.tensor_type("float32", 2)})
    path = files.save(
        tmp_path / "m.mlpackage", files.model_of([relu], [("x", "float32", (2,))], [("y", "float32", (2,))])
    )
    model, x = load(path), np.zeros(2, np.float32)
    model.predict({"x": x})["y"][0] = 7
    assert x[0] == 0
    assert model.predict({"x": x})["y"][0] == 0


def test_a_scalar_is_one_element(tmp_path: Path) -> None:
    shape = files.operation(
        "reduce_sum", {"x": "x", "keep_dims": files.value(False)}, {"y": files.tensor_type("float32")}
    )
    path = files.save(
        tmp_path / "m.mlpackage", files.model_of([shape], [("x", "float32", (2,))], [("y", "float32", ())])
    )
    assert predict(path, {"x": [1, 2]})["y"].tolist() == [3]


@pytest.mark.parametrize(("name", "isolated"), [*((name, False) for name in sorted(SEEDS)), ("classes", True)])
def test_every_package_is_a_runner_too(tmp_path: Path, name: str, isolated: bool) -> None:
    path = _package(tmp_path, name)
    with runtimes.open(path, isolated=isolated) as runner:
        feeds = {spec.name: np.ones([size or 2 for size in spec.shape], spec.dtype) for spec in runner.inputs}
        first, second = runner.run(feeds), runner.run(feeds)
    assert list(first) == [spec.name for spec in runner.outputs]
    for spec in runner.outputs:
        np.testing.assert_array_equal(first[spec.name], second[spec.name])
        assert first[spec.name].dtype == spec.dtype
        assert len(first[spec.name].shape) == len(spec.shape)


def test_a_runner_gives_places_and_values_of_a_classifier(tmp_path: Path) -> None:
    path, x = _package(tmp_path, "classes"), np.array([[1, 3, 2]], np.float32)
    with runtimes.open(path, isolated=False) as runner:
        found = runner.run({"x": x})
    assert found["label"].tolist() == [1]
    assert found["label_probs"].tolist() == list(predict(path, {"x": x})["label_probs"].values())


def test_a_runner_that_was_closed(tmp_path: Path) -> None:
    runner = runtimes.open(_package(tmp_path, "classes"), isolated=False)
    runner.close()
    with pytest.raises(PortproofError) as caught:
        runner.run({"x": np.zeros((1, 3), np.float32)})
    assert "closed" in caught.value.messages[0].what


def test_a_runner_of_one_function_and_precision(tmp_path: Path) -> None:
    path, x = _package(tmp_path, "functions"), np.array([0.5, 1], np.float16)
    with runtimes.open(path, isolated=False, signature="plain", precision="minimum", threads=2) as runner:
        np.testing.assert_allclose(runner.run({"x": x})["y"], np.tanh(x), rtol=1e-3)
    with pytest.raises(PortproofError) as caught:
        predict(path, {"x": x}, function="plain", precision="maximum")  # type: ignore[arg-type]
    assert caught.value.messages[0].code == "E-USAGE"


@pytest.mark.parametrize("known", FORMATS, ids=lambda known: known.name)
def test_every_runtime_can_be_loaded_apart_from_a_model(known: Format) -> None:
    adapter = importlib.import_module(known.adapter.partition(":")[0])
    if known.name == "Core AI" and importlib.util.find_spec("coreai") is None:
        pytest.skip("coreai-core is not installed")
    adapter.import_runtime()


def test_it_is_imported_without_torch() -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from portproof.runtimes.coreml import predict\n"
        "import portproof.runtimes.coreml.runner\n"
        "from portproof.device_profiles.errors import PortproofError\n"
        "try: predict('m.mlpackage', {})\n"
        "except PortproofError as error: print(error.messages[0].code, error.messages[0].hint)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["E-INSTALL", "pip", "install", "portproof[torch]"]
