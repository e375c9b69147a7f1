"""What an asset promises whatever its operators are: names, bytes, refusals."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import onnx_ir as ir
import pytest
from tests.exporter.coreai.harness import needs_coreai, run
from tests.exporter.tflite.harness import model_of, node_model

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.coreai import convert

pytestmark = needs_coreai
SCRIPT = "import sys\nfrom portproof.exporter.coreai import convert\nconvert(sys.argv[1], sys.argv[2])\n"
NET = """
<ir_version: 10, opset_import: ["" : 18]>
net (float[2,3] x) => (float[2,3] y, float[2,3] z) { y = Mul(x, two) z = Add(y, two) }
"""


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_bytes_do_not_tell_when_or_from_where_an_asset_was_written(tmp_path: Path) -> None:
    model = model_of(NET, two=np.full((2, 3), 2, np.float32))
    source = tmp_path / "net.onnx"
    onnx.save(ir.to_proto(model), source)
    convert(source, tmp_path / "a.aimodel")
    script = tmp_path / "another_script.py"
    script.write_text("\n" * 9 + SCRIPT)
    command = [sys.executable, str(script), str(source), str(tmp_path / "b.aimodel")]
    subprocess.run(command, check=True, capture_output=True)
    assert files(tmp_path / "a.aimodel") == files(tmp_path / "b.aimodel")
    whole = b"".join(files(tmp_path / "a.aimodel").values())
    assert b"creationDate" not in whole
    assert b".py" not in whole


def test_names_need_not_be_identifiers() -> None:
    x = np.ones((2, 2), np.float32)
    model = node_model("Relu", {"x": x})
    model.graph.inputs[0].name, model.graph.outputs[0].name = "lambda", "serving/out:0"
    np.testing.assert_array_equal(run(model, {"lambda": -x})["serving/out:0"], x * 0)


def test_all_that_is_refused_comes_at_once_by_name() -> None:
    text = """
    <ir_version: 10, opset_import: ["" : 18]>
    net (float[2,3] x, int64[2] ids) => (float[2,3] y, int64[2] z)
    { y = Hardmax(x) z = BitwiseNot(ids) }
    """
    with pytest.raises(PortproofError) as caught:
        run(model_of(text), {})
    assert [message.details["op_type"] for message in caught.value.messages] == ["Hardmax", "BitwiseNot"]
    assert all(message.details["target"] == "coreai" for message in caught.value.messages)


def test_what_core_ai_itself_refuses_is_a_refusal_with_its_reason() -> None:
    x = np.ones((2, 3), np.int32)
    with pytest.raises(PortproofError) as caught:
        run(node_model("ReduceMean", {"x": x}), {"x": x})
    (message,) = caught.value.messages
    assert message.code == "E-OP-UNSUPPORTED"
    assert "reduce_mean does not take it: operand #0 must be" in message.why


def test_sizes_that_are_not_known_and_strings_are_refused(tmp_path: Path) -> None:
    for kind in ("float[N,3]", "string[2,3]"):
        text = f'<ir_version: 10, opset_import: ["" : 18]> net ({kind} x) => ({kind} y) {{ y = Identity(x) }}'
        with pytest.raises(PortproofError) as caught:
            run(model_of(text), {})
        assert {message.what for message in caught.value.messages} == {
            "input x cannot be written in Core AI",
            "output y cannot be written in Core AI",
        }


def test_the_folder_must_be_new_and_have_its_suffix(tmp_path: Path) -> None:
    source = tmp_path / "net.onnx"
    onnx.save(ir.to_proto(model_of(NET, two=np.ones((2, 3), np.float32))), source)
    for name in ("m.mlpackage", "net.onnx"):
        with pytest.raises(PortproofError) as caught:
            convert(source, tmp_path / name)
        assert caught.value.code == "E-OUTPUT"
