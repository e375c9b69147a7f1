"""The benchmark's fourteen architectures as Core ML packages: against torch, and against coremltools' operators.

From the torch module, as `portproof export -t coreml` writes them, run in the emulator's strict precision. The limit of
float32 holds on the benchmark's own input, as for TFLite: on the detector's others torch is itself 1e-5 from float64.
"""

from pathlib import Path

import numpy as np
import pytest
from tests.conformance.networks import Network, errors, network

from portproof.exporter import ExportResult, export

# The benchmark leaves files open; that is not ours to fail on.
pytestmark = [pytest.mark.conformance, pytest.mark.filterwarnings("ignore")]

FLOAT32, FLOAT16 = 1e-5, 5e-3
"""How far outputs may be from torch's, relative to the largest; float16 where nothing stays in float32."""
THEIRS = {
    "mobilenet_v2": 100,
    "mobilenet_v3_large": 182,
    "efficientnet_lite0": 94,
    "resnet18": 49,
    "shufflenet_v2": 126,
    "squeezenet": 65,
    "unet": 38,
    "espcn_x3": 6,
    "speech_gru_lstm": 67,
    "deit_tiny": 260,
    "mobilevit_xxs": 291,
    "minilm_l6": 152,
    "whisper_tiny_enc": 91,
    "yolo_v8n_320": 175,
}
"""Operators, constants aside, of coremltools 9.0's conversion of the traced module: float32, iOS16."""


def relative(net: Network, found: list[float]) -> list[float]:
    """The largest error on each sample, relative to the largest output of the sample."""
    return [error / float(np.abs(y).max()) for error, (_, y) in zip(found, net.samples, strict=True)]


def package(net: Network, out: Path, **how: str) -> tuple[ExportResult, Path]:
    """What an export says, and the package."""
    result = export(net.factory, out_dir=out, targets=["coreml"], **how)  # type: ignore[arg-type]
    (path,) = out.glob("*.mlpackage")
    return result, path


@pytest.mark.parametrize("name", THEIRS)
def test_against_torch_and_coremltools(name: str, architectures: Path, tmp_path: Path) -> None:
    net = network(name, architectures, tmp_path)
    result, path = package(net, tmp_path / "float32", coreml_precision="float32", coreml_target="iOS16")
    assert result.exit_status == 0, [message.what for message in result.failed]
    exact = relative(net, errors(path, net))
    (stage,) = [stage for stage in result.report.stages if stage.name == "coreml"]
    result, path = package(net, tmp_path / "float16")
    rounded, kept = relative(net, errors(path, net)), result.report.coreml[0].float32_operators
    print(
        f"\n{name}: float32 {exact[0]:.1e} (held out {max(exact[1:]):.1e}), {stage.total} operators of {THEIRS[name]}; "
        f"float16 {rounded[0]:.1e} ({max(rounded[1:]):.1e}), "
        f"in float32 {len(kept)}: {', '.join(f'{item.operator} ({item.type})' for item in kept) or 'none'}"
    )
    assert exact[0] <= FLOAT32
    assert stage.total <= THEIRS[name]
    assert max(rounded) <= FLOAT16 or kept
    assert result.exit_status == 0, [message.what for message in result.failed]
