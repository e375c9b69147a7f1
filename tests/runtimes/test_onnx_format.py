from pathlib import Path

import numpy as np
import onnx
import onnx_files as files
import pytest
from onnx import helper

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.onnx_format import check


def code_of(path: Path) -> str:
    with pytest.raises(PortproofError) as caught:
        check(path)
    assert str(path) in str(caught.value)
    return caught.value.code


def test_a_model_passes(tmp_path: Path) -> None:
    check(files.scale_model(tmp_path / "m.onnx"))


def test_missing(tmp_path: Path) -> None:
    assert code_of(tmp_path / "m.onnx") == "E-FILE-MISSING"


@pytest.mark.parametrize("content", [b"", b"\0" * 4096, b"\x28\0\0\0TFL3" * 9, b"PK\x03\x04" * 50, b"\x08\x0a"])
def test_what_is_no_model(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    assert code_of(path) == "E-MODEL-FORMAT"


@pytest.mark.parametrize("seed", range(10))
def test_random_bytes(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(np.random.default_rng(seed).bytes(3000))
    assert code_of(path) == "E-MODEL-FORMAT"


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    made = files.scale_proto()
    made.ClearField("opset_import")  # what follows the graph may be missing without damage to see
    whole = made.SerializeToString()
    path = tmp_path / "m.onnx"
    for size in range(0, len(whole), 3):
        path.write_bytes(whole[:size])
        assert code_of(path) == "E-MODEL-FORMAT"


@pytest.mark.parametrize("size", [1 << 20, 6 << 30])
def test_huge_sparse_file(tmp_path: Path, size: int) -> None:
    path = files.scale_model(tmp_path / "m.onnx")
    with path.open("r+b") as stream:
        stream.truncate(size)
    assert code_of(path) == "E-MODEL-FORMAT"


@pytest.mark.parametrize("location", ["/etc/passwd", "../weights.bin", "a/../../weights.bin", "", "link/weights.bin"])
def test_external_data_outside_the_folder(tmp_path: Path, location: str) -> None:
    folder = tmp_path / "model"
    (folder / "a").mkdir(parents=True)
    (tmp_path / "weights.bin").write_bytes(bytes(12))
    (folder / "link").symlink_to(tmp_path)
    made = files.external(files.scale_proto(), location)
    assert code_of(files.save(folder / "m.onnx", made)) == "E-MODEL-EXTERNAL"


def test_external_data_missing_or_short(tmp_path: Path) -> None:
    path = files.save(tmp_path / "m.onnx", files.external(files.scale_proto(), "weights.bin", offset=4))
    assert code_of(path) == "E-MODEL-EXTERNAL"
    (tmp_path / "weights.bin").write_bytes(bytes(15))
    assert code_of(path) == "E-MODEL-EXTERNAL"
    (tmp_path / "weights.bin").write_bytes(bytes(16))
    check(path)


def test_external_data_in_a_subgraph_and_in_a_function(tmp_path: Path) -> None:
    made = files.scale_proto()
    tensor = files.external(files.scale_proto(), "../w.bin").graph.initializer[0]
    constant = helper.make_node("Constant", [], ["c"])
    attribute = constant.attribute.add()
    attribute.name, attribute.type = "value", onnx.AttributeProto.TENSOR
    attribute.t.CopyFrom(tensor)
    body = helper.make_graph([constant], "body", [], [])
    made.graph.node.append(helper.make_node("If", ["x"], ["z"], then_branch=body, else_branch=body))
    assert code_of(files.save(tmp_path / "m.onnx", made)) == "E-MODEL-EXTERNAL"
    made = files.scale_proto()
    made.functions.add().node.append(constant)
    assert code_of(files.save(tmp_path / "f.onnx", made)) == "E-MODEL-EXTERNAL"


def test_mutations_are_accepted_or_refused_never_worse(tmp_path: Path) -> None:
    whole = np.frombuffer(files.scale_proto().SerializeToString(), "uint8")
    chance = np.random.default_rng(1)
    path = tmp_path / "m.onnx"
    codes = set()
    for _ in range(500):
        data = whole.copy()
        data[chance.integers(len(data), size=2)] = chance.integers(256, size=2)
        path.write_bytes(data.tobytes())
        try:
            check(path)
        except PortproofError as error:
            codes.add(error.code)
    assert "E-MODEL-FORMAT" in codes
    assert codes <= {"E-MODEL-FORMAT", "E-MODEL-EXTERNAL"}
