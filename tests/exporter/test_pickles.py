import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from portproof.device_profiles.errors import PortproofError
from portproof.exporter import pickles, source

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402


class Bomb:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.fixture(scope="module")
def archive(tmp_path_factory) -> Path:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU()).eval()
    path = tmp_path_factory.mktemp("archive") / "net.pt2"
    program = torch.export.export(module, (torch.randn(1, 3, 8, 8),))
    torch.export.save(program, path)
    return path


def refusal(path: Path, **options: object) -> PortproofError:
    with pytest.raises(PortproofError) as caught:
        source.load(str(path), **options)
    return caught.value


def changed(archive: Path, target: Path, part: str, change) -> Path:
    """A copy of a zip archive with one part changed."""
    with zipfile.ZipFile(archive) as old, zipfile.ZipFile(target, "w") as new:
        for info in old.infolist():
            data = old.read(info)
            new.writestr(info, change(data) if part in info.filename else data)
    return target


def test_an_archive_is_loaded_with_its_example(archive):
    loaded = source.load(str(archive))
    assert loaded.name == "net"
    assert loaded.example[loaded.input_names[0]].shape == (1, 3, 8, 8)
    got = loaded.reference({loaded.input_names[0]: np.ones((1, 3, 8, 8), "f4")})
    assert got["output_0"].shape == (1, 4, 6, 6)


@pytest.mark.parametrize("name", ["net.pt", "net.pth", "net.bin", "net.onnx", "net"])
def test_a_saved_module_is_refused_whatever_its_name(tmp_path, name):
    path = tmp_path / name
    torch.save(nn.ReLU(), path)
    error = refusal(path)
    assert error.code == "E-MODEL-PICKLE"
    assert "--allow-pickle" in error.messages[0].hint


def test_nothing_is_unpickled_before_the_refusal(tmp_path):
    mark = tmp_path / "mark"
    for name, save in (
        ("a.pt", lambda path: torch.save(Bomb(mark), path)),
        ("b.pkl", lambda path: path.write_bytes(pickle.dumps(Bomb(mark)))),
    ):
        save(tmp_path / name)
        assert refusal(tmp_path / name).code == "E-MODEL-PICKLE"
    assert not mark.exists()


def test_a_pickle_asked_for_by_name_is_loaded(tmp_path):
    torch.save(nn.Linear(4, 2), tmp_path / "net.pt")
    loaded = source.load(str(tmp_path / "net.pt"), inputs=["input=1x4"], allow_pickle=True)
    assert loaded.output_names == ("output_0",)


def test_weights_alone_are_no_model(tmp_path):
    torch.save(nn.Linear(4, 2).state_dict(), tmp_path / "net.pt")
    error = refusal(tmp_path / "net.pt", inputs=["input=1x4"], allow_pickle=True)
    assert error.code == "E-MODEL-FACTORY"
    assert "load_state_dict" in error.messages[0].hint


def test_a_damaged_pickle_asked_for_by_name(tmp_path):
    (tmp_path / "net.pt").write_bytes(b"\x80\x04nonsense")
    assert refusal(tmp_path / "net.pt", allow_pickle=True).code == "E-MODEL-FORMAT"


def test_example_inputs_that_are_more_than_tensors_are_not_unpickled(archive, tmp_path):
    mark = tmp_path / "mark"
    torch.save(Bomb(mark), tmp_path / "bomb.pt")
    bomb = (tmp_path / "bomb.pt").read_bytes()
    path = changed(archive, tmp_path / "bad.pt2", "sample_inputs", lambda _: bomb)
    assert refusal(path).code in ("E-MODEL-PICKLE", "E-MODEL-FORMAT")
    assert not mark.exists()


def test_weights_stored_as_pickles_are_refused(archive, tmp_path):
    path = changed(
        archive,
        tmp_path / "bad.pt2",
        "weights_config",
        lambda data: data.replace(b'"use_pickle": false', b'"use_pickle": true'),
    )
    assert refusal(path).code == "E-MODEL-PICKLE"


@pytest.mark.parametrize("target", ["torch.hub.load", "torch.ops.load_library", "_operator.call.__self__", "#evil.op"])
def test_calls_of_what_is_no_operator_are_refused(archive, tmp_path, target):
    path = changed(
        archive,
        tmp_path / "bad.pt2",
        "models/",
        lambda data: data.replace(b'"torch.ops.aten.relu.default"', json.dumps(target).encode()),
    )
    assert path.read_bytes() != archive.read_bytes()
    assert refusal(path).code == "E-MODEL-PICKLE"


@pytest.mark.parametrize(
    ("expression", "harmless"),
    [
        ("s0 + 1", True),
        ("Max(1, FloorDiv(s27, 2))", True),
        ("Eq(Mod(u0, 8), 0)", True),
        ("__import__('os').system('true')", False),
        ("exec(s0)", False),
        ("open(s0)", False),
        ("s0.__class__", False),
        ("[s0]", False),
    ],
)
def test_which_shape_expressions_may_be_evaluated(tmp_path, expression, harmless):
    path = tmp_path / "net.pt2"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("net/models/model.json", json.dumps({"sizes": [{"as_expr": {"expr_str": expression}}]}))
    if harmless:
        pickles.check_archive(path)
        return
    with pytest.raises(PortproofError) as caught:
        pickles.check_archive(path)
    assert caught.value.code == "E-MODEL-PICKLE"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 truncated", b"random bytes"])
def test_an_archive_that_is_none(tmp_path, content):
    (tmp_path / "net.pt2").write_bytes(content)
    assert refusal(tmp_path / "net.pt2").code == "E-MODEL-FORMAT"


def test_a_truncated_archive(archive, tmp_path):
    (tmp_path / "net.pt2").write_bytes(archive.read_bytes()[:-200])
    assert refusal(tmp_path / "net.pt2").code == "E-MODEL-FORMAT"


def test_an_archive_with_damaged_json(archive, tmp_path):
    path = changed(archive, tmp_path / "bad.pt2", "models/", lambda data: data[:-9])
    assert refusal(path).code == "E-MODEL-FORMAT"
