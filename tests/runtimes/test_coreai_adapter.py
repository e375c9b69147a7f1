"""Core AI's runtime behind the Runner protocol."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from tests.exporter.coreai.harness import needs_coreai
from tests.exporter.tflite.harness import node_model

from portproof import runtimes
from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.registry import COREAI, find_format

X = np.array([[1, -2, 3]], np.float32)


@needs_coreai
def test_in_a_child_and_here(tmp_path: Path) -> None:
    from portproof.exporter.coreai.conversion import write_model

    path = tmp_path / "m.aimodel"
    write_model(node_model("Relu", {"x": X}), path)
    for isolated in (True, False):
        runner = runtimes.open(path, isolated=isolated)
        assert [str(spec) for spec in (*runner.inputs, *runner.outputs)] == ["x: float32[1, 3]", "y: float32[1, 3]"]
        np.testing.assert_array_equal(runner.run({"x": X})["y"], [[1, 0, 3]])
        runner.close()
        runner.close()
    with pytest.raises(PortproofError, match="no function other"):
        runtimes.open(path, isolated=False, signature="other")


@needs_coreai
def test_a_damaged_asset_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.aimodel"
    path.mkdir()
    (path / "main.mlirb").write_bytes(b"nothing")
    with pytest.raises(PortproofError) as caught:
        runtimes.open(path)
    assert caught.value.code == "E-RUN"


@pytest.mark.skipif(find_spec("coreai") is not None, reason="coreai-core is installed")
def test_without_the_package(tmp_path: Path) -> None:
    path = tmp_path / "m.aimodel"
    path.mkdir()
    assert find_format(path).name == COREAI
    with pytest.raises(PortproofError) as caught:
        runtimes.open(path, isolated=False)
    assert (caught.value.code, caught.value.messages[0].hint) == ("E-INSTALL", "pip install 'portproof[coreai]'")
