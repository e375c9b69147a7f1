import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.data import load, random_samples, summary
from portproof.runtimes.spec import TensorSpec

X = TensorSpec(name="x", shape=(1, 3), dtype="float32")
MASK = TensorSpec(name="mask", shape=(None, 3), dtype="int64")
IMAGE = TensorSpec(name="image", shape=(1, 3, 6, 8), dtype="float32")
FILE_LAYOUT = TensorSpec(name="x", shape=(1, 4, 2), dtype="float32", perm=(0, 2, 1))


def value(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(1, 3)).astype("float32")


def failure(spec: str, *inputs: TensorSpec) -> PortproofError:
    with pytest.raises(PortproofError) as caught:
        load(spec, inputs or (X,))
    return caught.value


def save(path: Path, **arrays: np.ndarray) -> str:
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return str(path)


def test_one_npz_is_one_sample(tmp_path: Path) -> None:
    mask = np.ones((2, 3), "int64")
    data = load(save(tmp_path / "a.npz", x=value(), mask=mask), (X, MASK))
    assert (len(data), data.kind, data.preprocessing) == (1, "files", None)
    (sample,) = data
    assert np.array_equal(sample["x"], value())
    assert np.array_equal(sample["mask"], mask)


def test_folder_in_the_order_of_names_as_often_as_wanted(tmp_path: Path) -> None:
    for number in (2, 0, 1):
        save(tmp_path / f"{number}.npz", x=value(number))
    np.save(tmp_path / "3.npy", value(3))
    (tmp_path / "README.txt").write_text("not data")
    data = load(str(tmp_path), (X,))
    for _ in range(2):
        assert [float(sample["x"][0, 0]) for sample in data] == [float(value(n)[0, 0]) for n in range(4)]
    assert [Path(name).name for name, _ in data.named()] == ["0.npz", "1.npz", "2.npz", "3.npy"]
    assert len(load(f"{tmp_path}?limit=2", (X,))) == 2


def test_summary_is_over_all_samples(tmp_path: Path) -> None:
    save(tmp_path / "a.npz", x=np.array([[1, 2, 3]], "float32"))
    save(tmp_path / "b.npz", x=np.array([[-4, 2, 2]], "float32"))
    data = load(str(tmp_path), (X,))
    assert (data.stats[0].low, data.stats[0].high, data.stats[0].mean) == (-4, 3, 1)
    assert summary(data)[1] == "x: float32[1, 3]  min -4  max 3  mean 1"
    assert summary(data)[0].startswith("2 samples from ")
    assert data.stats[0].as_dict() == {"name": "x", "min": -4.0, "max": 3.0, "mean": 1.0}


def test_samples_are_in_the_sources_layout(tmp_path: Path) -> None:
    array = np.arange(8, dtype="float32").reshape(1, 2, 4)
    (sample,) = load(save(tmp_path / "a.npz", x=array), (FILE_LAYOUT,))
    assert sample["x"].shape == (1, 2, 4)


def test_missing_and_unknown(tmp_path: Path) -> None:
    save(tmp_path / "calib.npz", x=value())
    error = failure(str(tmp_path / "calb.npz"))
    assert error.code == "E-FILE-MISSING"
    assert "did you mean calib.npz?" in str(error)
    (tmp_path / "a.csv").write_text("1,2")
    assert failure(str(tmp_path / "a.csv")).code == "E-DATA-FORMAT"


@pytest.mark.parametrize(
    ("arrays", "code", "text"),
    [
        ({"x": value().astype("float64")}, "E-DATA-DTYPE", "astype('float32')"),
        ({"x": value()[0]}, "E-DATA-SHAPE", "array[None]"),
        ({"X": value()}, "E-DATA-NAME", "did you mean 'x'?"),
        ({"x": value(), "more": value()}, "E-DATA-NAME", "'more' is not an input"),
        ({}, "E-DATA-NAME", "input 'x' is missing"),
        ({"x": np.array([[1, np.nan, np.inf]], "float32")}, "E-DATA-NAN", "2 NaN or infinite values of 3"),
        ({"x": np.full((1, 3), 7, "float32")}, "E-DATA-CONSTANT", "only the value 7.0"),
    ],
)
def test_each_defect_has_its_code(tmp_path: Path, arrays: dict[str, np.ndarray], code: str, text: str) -> None:
    error = failure(save(tmp_path / "a.npz", **arrays))
    assert error.code == code
    assert error.exit_status == 5
    assert text in str(error)
    assert "a.npz" in str(error)


def test_findings_of_all_samples_come_together(tmp_path: Path) -> None:
    save(tmp_path / "a.npz", x=np.zeros((1, 3), "float32"))
    save(tmp_path / "b.npz", x=value())
    save(tmp_path / "c.npz", x=value()[:, :2])
    assert [message.code for message in failure(str(tmp_path)).messages] == ["E-DATA-CONSTANT", "E-DATA-SHAPE"]


def test_constants_that_mean_something(tmp_path: Path) -> None:
    state = TensorSpec(name="state", shape=(1, 3), dtype="float32")
    spec = save(tmp_path / "a.npz", x=value(), state=np.zeros((1, 3), "float32"))
    assert failure(spec, X, state).code == "E-DATA-CONSTANT"
    assert len(load(spec + "?allow=constant", (X, state))) == 1
    only_mask = save(tmp_path / "b.npz", mask=np.ones((1, 3), "int64"))
    assert failure(only_mask, MASK).code == "E-DATA-CONSTANT"
    one_element = TensorSpec(name="x", shape=(1,), dtype="float32")
    assert len(load(save(tmp_path / "c.npz", x=np.zeros(1, "float32")), (one_element,))) == 1


def test_empty(tmp_path: Path) -> None:
    assert failure(str(tmp_path)).code == "E-DATA-EMPTY"
    (tmp_path / "f.py").write_text("def none():\n    return []\n")
    assert failure(f"{tmp_path / 'f.py'}:none").code == "E-DATA-EMPTY"


@pytest.mark.parametrize("name", ["a.npz", "a.npy"])
@pytest.mark.parametrize("content", [b"", b"\x93NUMPY\x01\x00", b"PK\x03\x04rest", b"nonsense"])
def test_damaged_files(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert failure(str(tmp_path / name)).code == "E-DATA-FORMAT"


def test_pickles_are_not_loaded(tmp_path: Path) -> None:
    trap = tmp_path / "trap"

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (str(trap),)

    path = save(tmp_path / "a.npz", x=np.array([Trap()], object))
    error = failure(path)
    assert error.code == "E-DATA-FORMAT"
    assert "would run code" in str(error)
    assert not trap.exists()


def test_a_file_that_claims_more_than_there_is(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", value())
    data = (tmp_path / "a.npy").read_bytes().replace(b"(1, 3), }         ", b"(1, 99999999999), }")
    (tmp_path / "a.npy").write_bytes(data)
    assert failure(str(tmp_path / "a.npy")).code == "E-DATA-FORMAT"


def test_npy_needs_one_input(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", value())
    assert np.array_equal(next(iter(load(str(tmp_path / "a.npy"), (X,))))["x"], value())
    error = failure(str(tmp_path / "a.npy"), X, MASK)
    assert error.code == "E-DATA-NAME"
    assert "write an .npz with the names x, mask" in str(error)


def test_function(tmp_path: Path) -> None:
    path = tmp_path / "my data.py"
    path.write_text(
        "import itertools, numpy as np\n"
        "def samples():\n"
        "    for n in itertools.count():\n"
        "        yield {'x': np.array([[n, 1, 2]], 'float32')}\n"
        "def broken():\n"
        "    yield {'x': np.array([[5, 1, 2]], 'float32')}\n"
        "    raise KeyError('gone')\n"
        "def lists():\n"
        "    yield [1, 2]\n"
    )
    data = load(f"{path}:samples?limit=3", (X,))
    assert [sample["x"][0, 0] for sample in data] == [0, 1, 2]
    assert data.kind == "function"
    error = failure(f"{path}:broken")
    assert error.code == "E-DATA-FORMAT"
    assert "KeyError: 'gone'" in str(error)
    assert f"{path}:7" in str(error)
    assert "yields list, not dicts" in str(failure(f"{path}:lists"))
    assert "did you mean samples?" in str(failure(f"{path}:sample"))
    path.write_text("def samples(:\n")
    assert "SyntaxError" in str(failure(f"{path}:samples"))
    assert failure(f"{tmp_path / 'no.py'}:f").code == "E-FILE-MISSING"


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "allow=nan", "size=3", "x", "=&="])
def test_options_that_make_no_sense(tmp_path: Path, query: str) -> None:
    assert failure(save(tmp_path / "a.npz", x=value()) + "?" + query).code == "E-DATA-FORMAT"


def test_a_question_mark_in_a_name(tmp_path: Path) -> None:
    assert len(load(save(tmp_path / "really?limit=9.npz", x=value()), (X,))) == 1


def photo(folder: Path, name: str = "b.png") -> Path:
    folder.mkdir(exist_ok=True)
    pixels = np.random.default_rng(0).integers(256, size=(12, 16, 3), dtype="uint8")
    Image.fromarray(pixels).save(folder / name)
    return folder


def test_image_folder(tmp_path: Path) -> None:
    folder = photo(tmp_path / "photos")
    photo(folder, "a.png")
    data = load(f"{folder}?size=6x8&mean=0.5", (IMAGE,))
    assert [Path(name).name for name, _ in data.named()] == ["a.png", "b.png"]
    assert next(iter(data))["image"].shape == (1, 3, 6, 8)
    assert data.preprocessing is not None
    assert data.preprocessing.mean == (0.5,)
    assert len(load(f"{folder / 'a.png'}?size=6x8", (IMAGE,))) == 1


def test_images_need_their_preprocessing_and_their_input(tmp_path: Path) -> None:
    folder = photo(tmp_path / "photos")
    assert "preprocessing declared" in str(failure(str(folder), IMAGE))
    two = (IMAGE, TensorSpec(name="x", shape=(1,), dtype="float32"))
    assert "input=NAME" in str(failure(f"{folder}?size=6x8", *two))
    assert failure(f"{folder}?size=6x8&input=y", *two).code == "E-DATA-NAME"
    assert "'x' is missing" in str(failure(f"{folder}?size=6x8&input=image", *two))


def test_images_from_toml(tmp_path: Path) -> None:
    photo(tmp_path / "photos")
    declared = tmp_path / "photos.toml"
    declared.write_text('folder = "photos"\nsize = [6, 8]\nmean = [0.1, 0.2, 0.3]\nstd = 2\nmode = "nearest"\n')
    data = load(str(declared), (IMAGE,))
    assert data.preprocessing is not None
    assert (data.preprocessing.mean, data.preprocessing.std) == ((0.1, 0.2, 0.3), (2.0,))
    declared.write_text("size = 6")
    assert "names no folder" in str(failure(str(declared), IMAGE))
    declared.write_text("size = ")
    assert "not TOML" in str(failure(str(declared), IMAGE))


def test_without_pillow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = photo(tmp_path / "photos")
    monkeypatch.setitem(sys.modules, "PIL", None)
    error = failure(f"{folder}?size=6x8", IMAGE)
    assert error.code == "E-INSTALL"
    assert "portproof[images]" in str(error)


def test_random_samples_are_seeded_and_of_every_type() -> None:
    specs = tuple(
        TensorSpec(name=dtype, shape=(None, 500), dtype=dtype)
        for dtype in ("float32", "float16", "bool", "uint8", "int8", "int64", "complex64")
    )
    first, again, other = (list(random_samples(specs, 2, seed)) for seed in (1, 1, 2))
    for spec in specs:
        a, b = first[0][spec.name], first[1][spec.name]
        assert a.shape == (1, 500)
        assert a.dtype == spec.dtype
        assert not np.array_equal(a, b)
        assert np.array_equal(a, again[0][spec.name])
        assert not np.array_equal(a, other[0][spec.name])
    assert first[0]["int64"].min() == 0
    assert first[0]["int64"].max() == 7
    assert first[0]["uint8"].max() > 200
    assert first[0]["int8"].min() < -100
    data = random_samples(specs[:1], 3, 7)
    assert (data.kind, len(data)) == ("random", 3)
    assert summary(data)[0] == "3 samples from random (seed 7)"


def test_random_samples_in_the_sources_layout() -> None:
    (sample,) = random_samples((FILE_LAYOUT,), 1, 0)
    assert sample["x"].shape == (1, 2, 4)
