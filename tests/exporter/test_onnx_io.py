import contextlib
import os
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import pytest

from portproof.device_profiles.errors import PortproofError
from portproof.exporter import onnx_io

SMALL = """
<ir_version: 10, opset_import: ["" : 23]>
g (float[1,4] x) => (float[1,4] y)
<float[4] w = {1, 2, 3, 4}>
{
    [first] a = Add(x, w)
    [second] y = Relu(a)
}
"""


def written(path: Path, text: str = SMALL) -> Path:
    path.write_bytes(onnx.parser.parse_model(text).SerializeToString())
    return path


def refusal(path: Path) -> PortproofError:
    with pytest.raises(PortproofError) as caught:
        onnx_io.load(path)
    return caught.value


def test_loads_a_good_model(tmp_path):
    model = onnx_io.load(written(tmp_path / "m.onnx"))
    assert [node.op_type for node in model.graph] == ["Add", "Relu"]


def test_a_missing_file_is_refused_with_near_matches(tmp_path):
    written(tmp_path / "mobilenet.onnx")
    error = refusal(tmp_path / "mobilnet.onnx")
    assert error.code == "E-FILE-MISSING"
    assert "mobilenet.onnx" in error.messages[0].hint


def test_a_folder_is_refused(tmp_path):
    assert refusal(tmp_path).code == "E-FILE-MISSING"


@pytest.mark.parametrize("content", [b"", b"\x00" * 100, b"hello, world" * 9, b"\x08", b"\x80\x04pickle"])
def test_what_is_no_model_is_refused(tmp_path, content):
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    assert refusal(path).code == "E-MODEL-FORMAT"


def test_every_truncation_is_refused(tmp_path):
    whole = written(tmp_path / "m.onnx").read_bytes()
    path = tmp_path / "short.onnx"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert refusal(path).code in ("E-MODEL-FORMAT", "E-MODEL-INVALID"), length


@pytest.mark.parametrize("size", [1 << 34, (1 << 31) - 10])
def test_a_huge_file_is_refused_without_reading_it(tmp_path, size):
    path = tmp_path / "huge.onnx"
    with path.open("wb") as file:
        file.write(b"\x08\x0a")
        file.truncate(size)  # sparse
    assert refusal(path).code == "E-MODEL-FORMAT"


def test_flipped_bytes_never_crash(tmp_path, monkeypatch):
    # The native checker runs in a child of its own; here the parent's own share of the work is hammered.
    monkeypatch.setattr(onnx_io, "_check_in_child", lambda _: None)
    whole = written(tmp_path / "m.onnx").read_bytes()
    path, generator = tmp_path / "flipped.onnx", random.Random(0)  # noqa: S311 - repeatable damage, no secret
    for _ in range(500):
        data = bytearray(whole)
        for _ in range(generator.randint(1, 4)):
            data[generator.randrange(len(data))] = generator.randrange(256)
        path.write_bytes(data)
        with contextlib.suppress(PortproofError):
            onnx_io.load(path)


def test_a_crash_of_the_native_checker_is_a_refusal(tmp_path, monkeypatch):
    crashing = tmp_path / "crashing_checker.py"
    crashing.write_text("import os\ndef main(path): os.abort()\n")
    monkeypatch.syspath_prepend(tmp_path)
    real = onnx_io.run_isolated
    monkeypatch.setattr(
        onnx_io,
        "run_isolated",
        lambda _, *args, **limits: real("crashing_checker:main", *args, **limits),
    )
    error = refusal(written(tmp_path / "m.onnx"))
    assert error.code == "E-MODEL-INVALID"
    assert "SIGABRT" in error.messages[0].why


def test_an_unknown_operator_is_refused_naming_it(tmp_path):
    error = refusal(written(tmp_path / "m.onnx", SMALL.replace("Relu", "Rellu")))
    assert error.code == "E-MODEL-INVALID"
    assert "Rellu" in str(error)


def external(tmp_path: Path, location: str, **entries: str) -> Path:
    proto = onnx.parser.parse_model(SMALL)
    (tensor,) = proto.graph.initializer
    tensor.CopyFrom(onnx.TensorProto(name="w", data_type=1, dims=[4], data_location=onnx.TensorProto.EXTERNAL))
    for key, value in {"location": location, **entries}.items():
        tensor.external_data.add(key=key, value=value)
    path = tmp_path / "m.onnx"
    path.write_bytes(proto.SerializeToString())
    return path


def test_external_data_is_mapped_not_copied(tmp_path):
    (tmp_path / "w.bin").write_bytes(np.arange(4, dtype="<f4").tobytes())
    model = onnx_io.load(external(tmp_path, "w.bin", offset="0", length="16"))
    tensor = model.graph.initializers["w"].const_value
    assert isinstance(tensor, ir.ExternalTensor)
    assert tensor.numpy().tolist() == [0, 1, 2, 3]


def test_external_data_is_found_from_any_working_directory(tmp_path, monkeypatch):
    (tmp_path / "w.bin").write_bytes(bytes(16))
    external(tmp_path, "w.bin")
    monkeypatch.chdir(tmp_path)
    model = onnx_io.load("m.onnx")
    monkeypatch.chdir("/")
    assert model.graph.initializers["w"].const_value.numpy().shape == (4,)


@pytest.mark.parametrize("location", ["/etc/hostname", "../secret.bin", "a/../../secret.bin", "", "C:\\w.bin", "..\\w"])
def test_external_data_outside_the_folder_is_refused(tmp_path, location):
    (tmp_path / "secret.bin").write_bytes(bytes(64))
    folder = tmp_path / "model"
    folder.mkdir()
    error = refusal(external(folder, location))
    assert error.code == "E-MODEL-EXTERNAL"
    assert "inside the model's folder" in str(error)


def test_external_data_through_a_link_that_leaves_the_folder_is_refused(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret.bin").write_bytes(bytes(64))
    (folder / "w.bin").symlink_to(tmp_path / "secret.bin")
    assert refusal(external(folder, "w.bin")).code == "E-MODEL-EXTERNAL"


def test_external_data_missing_names_a_near_match(tmp_path):
    (tmp_path / "weights.bin").write_bytes(bytes(16))
    error = refusal(external(tmp_path, "weigths.bin"))
    assert error.code == "E-MODEL-EXTERNAL"
    assert "weights.bin" in error.messages[0].hint


@pytest.mark.parametrize("entries", [{"length": "16"}, {"offset": "4"}, {}, {"offset": "-4"}, {"length": "x"}])
def test_external_data_too_short_or_garbled_is_refused(tmp_path, entries):
    (tmp_path / "w.bin").write_bytes(bytes(12))
    assert refusal(external(tmp_path, "w.bin", **entries)).code == "E-MODEL-EXTERNAL"


def test_saving_inlines_external_data_and_leaves_the_model_alone(tmp_path):
    (tmp_path / "w.bin").write_bytes(np.arange(4, dtype="<f4").tobytes())
    model = onnx_io.load(external(tmp_path, "w.bin"))
    (out,) = onnx_io.save(model, tmp_path / "out.onnx")
    (tmp_path / "w.bin").unlink()
    assert onnx_io.load(out).graph.initializers["w"].const_value.numpy().tolist() == [0, 1, 2, 3]
    assert isinstance(model.graph.initializers["w"].const_value, ir.ExternalTensor)


def test_large_weights_go_to_a_file_beside(tmp_path, monkeypatch):
    proto = onnx.parser.parse_model(SMALL.replace("float[4] w = {1, 2, 3, 4}", ""))
    proto.graph.initializer.append(onnx.numpy_helper.from_array(np.ones((1000, 4), "f4"), "w"))
    model = ir.from_proto(proto)
    monkeypatch.setattr(onnx_io, "_EXTERNAL_ABOVE_BYTES", 1000)
    files = onnx_io.save(model, tmp_path / "out.onnx")
    assert [file.name for file in files] == ["out.onnx", "out.onnx.data"]
    assert files[0].stat().st_size < 1000
    assert onnx.load(files[0]).graph.initializer[0].raw_data == np.ones((1000, 4), "<f4").tobytes()


def test_an_unwritable_path_is_refused(tmp_path):
    with pytest.raises(PortproofError) as caught:
        onnx_io.save(onnx_io.load(written(tmp_path / "m.onnx")), tmp_path / "absent" / "m.onnx")
    assert caught.value.code == "E-OUTPUT"


def test_saving_gives_the_same_bytes_in_any_process(tmp_path):
    written(tmp_path / "m.onnx")
    program = "import sys; from portproof.exporter import onnx_io as o; o.save(o.load(sys.argv[1]), sys.argv[2])"
    for seed in ("1", "2"):
        command = [sys.executable, "-c", program, str(tmp_path / "m.onnx"), str(tmp_path / f"{seed}.onnx")]
        subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, check=True)
    assert (tmp_path / "1.onnx").read_bytes() == (tmp_path / "2.onnx").read_bytes()


def test_weights_listed_as_inputs_are_weights(tmp_path):
    text = '<ir_version: 7, opset_import: ["" : 13]> g (float[3] x, float[3] w) => (float[3] y) { y = Mul(x, w) }'
    proto = onnx.parser.parse_model(text)
    proto.graph.initializer.append(onnx.numpy_helper.from_array(np.ones(3, np.float32), "w"))
    onnx.save(proto, tmp_path / "m.onnx")
    model = onnx_io.load(tmp_path / "m.onnx")
    assert [value.name for value in model.graph.inputs] == ["x"]
    assert list(model.graph.initializers) == ["w"]
