"""Whatever is handed in: a message with its code, the exit status, nothing on stdout, nothing left behind."""

import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from tests.small import TWO_INPUTS, images, save, write_data

from portproof.cli.main import run
from portproof.exporter.tflite import convert


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])  # a factory's folder is put on it
    return tmp_path


@pytest.fixture
def refused(folder: Path, capfd: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a command that must be refused; what it said."""

    def check(status: int, code: str, *words: str) -> str:
        assert run([*words, "-q"]) == status
        captured = capfd.readouterr()
        assert captured.out == ""
        assert f"{code}: " in captured.err
        assert "Traceback" not in captured.err
        assert not (folder / "build").exists()
        return captured.err

    return check


Refused = Callable[..., str]


@pytest.mark.parametrize("model", ["absent.onnx", "absent.py:build", "absent.pt2", "no.such.module:build"])
def test_a_missing_model(refused: Refused, model: str) -> None:
    refused(2, "E-FILE-MISSING", "export", model)


def test_a_near_name_is_shown(refused: Refused, folder: Path) -> None:
    save(folder)
    assert "net.onnx" in refused(2, "E-FILE-MISSING", "export", "nett.onnx")


def damaged(folder: Path, kind: str, suffix: str) -> str:
    path = folder / f"{kind}.{suffix}"
    whole = Path(save(folder))
    if suffix == "tflite":
        convert(whole, folder / "net.tflite")
        whole = folder / "net.tflite"
    content = {
        "empty": b"",
        "truncated": whole.read_bytes()[: whole.stat().st_size // 2],
        "random": np.random.default_rng(3).bytes(4000),
    }
    path.write_bytes(content.get(kind, b""))
    if kind == "huge":
        with path.open("r+b") as stream:
            stream.truncate(3 << 30)  # sparse
    return str(path)


@pytest.mark.parametrize("kind", ["empty", "truncated", "random", "huge"])
@pytest.mark.parametrize("command", ["export", "inspect"])
def test_a_damaged_onnx_file(refused: Refused, folder: Path, kind: str, command: str) -> None:
    refused(3, "E-MODEL-FORMAT", command, damaged(folder, kind, "onnx"))


@pytest.mark.parametrize("kind", ["empty", "truncated", "random", "huge"])
@pytest.mark.parametrize("command", ["inspect", "bench", "verify"])
def test_a_damaged_tflite_file(refused: Refused, folder: Path, kind: str, command: str) -> None:
    path = damaged(folder, kind, "tflite")
    more = ("--ref", save(folder), "--samples", "1") if command == "verify" else ()
    refused(3, "E-MODEL-FORMAT", command, path, *more)


def onnx_file(folder: Path, nodes: list[onnx.NodeProto], initializers: list[onnx.TensorProto] | None = None) -> str:
    shape = {"elem_type": TensorProto.FLOAT, "shape": [4]}
    ends = [helper.make_tensor_value_info(name, **shape) for name in ("x", "y")]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], initializer=initializers or [])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    (folder / "made.onnx").write_bytes(model.SerializeToString())
    return str(folder / "made.onnx")


def test_an_onnx_with_a_cycle(refused: Refused, folder: Path) -> None:
    nodes = [helper.make_node("Add", ["x", "b"], ["a"]), helper.make_node("Relu", ["a"], ["b"])]
    refused(3, "E-MODEL-INVALID", "export", onnx_file(folder, [*nodes, helper.make_node("Neg", ["b"], ["y"])]))


@pytest.mark.parametrize("location", ["weights.bin", "../outside.bin", "/etc/passwd", "sub/../../outside.bin"])
def test_external_data_missing_or_outside(refused: Refused, folder: Path, location: str) -> None:
    (folder / "model").mkdir()
    (folder / "outside.bin").write_bytes(bytes(16))
    weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[4], data_location=TensorProto.EXTERNAL)
    weight.external_data.add(key="location", value=location)
    path = onnx_file(folder / "model", [helper.make_node("Add", ["x", "w"], ["y"])], [weight])
    said = refused(3, "E-MODEL-EXTERNAL", "export", path)
    assert "root:" not in said


def test_a_factory_that_raises_names_the_line(refused: Refused, folder: Path) -> None:
    (folder / "raises_in_build.py").write_text("def build():\n    weights = {}\n    return weights['missing']\n")
    said = refused(3, "E-MODEL-FACTORY", "export", "raises_in_build.py:build")
    assert "raises_in_build.py:3" in said
    assert "KeyError" in said


def test_a_factory_that_returns_no_model(refused: Refused, folder: Path) -> None:
    (folder / "returns_an_int.py").write_text("def build():\n    return 42\n")
    assert "int" in refused(3, "E-MODEL-FACTORY", "export", "returns_an_int.py:build")


@pytest.mark.parametrize("name", ["model.pt", "model.pth", "model.bin", "model.onnx"])
def test_a_pickle_is_not_opened(refused: Refused, folder: Path, name: str) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (folder / "sprung",))

    (folder / name).write_bytes(pickle.dumps(Trap()))
    said = refused(3, "E-MODEL-PICKLE", "export", name)
    assert "--allow-pickle" in said
    assert not (folder / "sprung").exists()


@pytest.mark.parametrize(
    ("code", "sample"),
    [
        ("E-DATA-NAN", {"image": np.where(images(1)[0]["image"] > 0, np.nan, 1).astype(np.float32)}),
        ("E-DATA-SHAPE", {"image": images(1)[0]["image"].transpose(0, 2, 3, 1)}),
        ("E-DATA-DTYPE", {"image": images(1)[0]["image"].astype(np.float64)}),
        ("E-DATA-NAME", {"imgae": images(1)[0]["image"]}),
        ("E-DATA-CONSTANT", {"image": np.ones((1, 3, 6, 8), np.float32)}),
    ],
)
def test_data_that_does_not_fit(refused: Refused, folder: Path, code: str, sample: dict[str, np.ndarray]) -> None:
    said = refused(5, code, "export", save(folder), "--data", write_data(folder / "data", [sample]))
    assert "0.npz" in said


def test_every_finding_of_the_data_is_told(refused: Refused, folder: Path) -> None:
    bad = [{"left": np.zeros((2, 4), np.float32)}, {"left": np.zeros((2, 9)), "right": np.zeros((2, 4), np.float32)}]
    said = refused(5, "E-DATA-NAME", "export", save(folder, TWO_INPUTS), "--data", write_data(folder / "d", bad))
    assert "0.npz" in said
    assert "1.npz" in said


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        ("absent", 2, "E-FILE-MISSING"),
        ("empty", 5, "E-DATA-EMPTY"),
        ("text.npz", 5, "E-DATA-FORMAT"),
        ("yields_nothing.py:none", 5, "E-DATA-EMPTY"),
    ],
)
def test_data_that_is_not_there_or_none(refused: Refused, folder: Path, data: str, status: int, code: str) -> None:
    (folder / "empty").mkdir()
    (folder / "text.npz").write_text("hello")
    (folder / "yields_nothing.py").write_text("def none():\n    return iter(())\n")
    refused(status, code, "export", save(folder), "--data", data)


def test_an_unwritable_folder(refused: Refused, folder: Path) -> None:
    (folder / "file").write_text("")
    refused(2, "E-OUTPUT", "export", save(folder), "-o", "file/out")
    refused(2, "E-OUTPUT", "export", save(folder), "-o", "/proc/self/portproof")


def test_a_full_disk_keeps_the_old_result(folder: Path) -> None:
    """In a child, whose files may not grow beyond 600 bytes: the kernel refuses as a full disk does."""
    model = save(folder)
    assert run(["export", model, "-o", "out", "--samples", "1", "-q"]) == 0
    before = (folder / "out" / "report.json").read_bytes()
    code = (
        "import resource, signal, sys; from portproof.cli.main import run;"
        "import portproof.exporter.pipeline as p; real = p.write\n"
        "def limited(*a, **k):\n"
        "    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (600, 600))\n"
        "    return real(*a, **k)\n"
        f"p.write = limited; sys.exit(run(['export', {model!r}, '-o', 'out', '--samples', '2', '-q']))"
    )
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert child.returncode == 2, child.stderr
    assert "E-OUTPUT: the disk is full" in child.stderr
    assert (folder / "out" / "report.json").read_bytes() == before
    assert sorted(path.name for path in folder.iterdir()) == ["net.onnx", "out"]


def test_an_unknown_device(refused: Refused, folder: Path) -> None:
    assert "did you mean pixel-8" in refused(2, "E-DEVICE-UNKNOWN", "export", save(folder), "-d", "pixel8")


@pytest.mark.parametrize(
    "words",
    [
        ["--input", "image=1x-3"],
        ["--input", "imgae=1x3x6x8"],
        ["--atol", "nonsense"],
        ["--atol", "absent:1e-3"],
        ["--metric", "sqnr>30"],
        ["--io-layout", "nhwc"],
        ["--seed", "one"],
        ["--samples", "0"],
        ["-t", "tensorrt"],
    ],
)
def test_options_that_make_no_sense(refused: Refused, folder: Path, words: list[str]) -> None:
    refused(2, "E-USAGE", "export", save(folder), *words)


def test_a_dynamic_input_must_be_declared(refused: Refused, folder: Path) -> None:
    text = TWO_INPUTS.replace("float[2,4]", "float[N,4]")
    assert "--input" in refused(3, "E-MODEL-SHAPE", "export", save(folder, text, "pair.onnx"))
    declared = ["--input", "left=2x4", "--input", "right=2x4", "--samples", "1"]
    assert run(["export", "pair.onnx", "-o", "out", "-q", *declared]) == 0
