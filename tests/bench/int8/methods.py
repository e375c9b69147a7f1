"""The quantizers of the benchmark: ours by recipe, and the peers, each run by a script in an interpreter of its own."""

import sys
from dataclasses import dataclass
from pathlib import Path

from tests.bench.int8 import child, places
from tests.bench.int8.case import Case
from tests.bench.int8.child import Took

SCRIPTS = Path(__file__).parent / "peers"


@dataclass(frozen=True, kw_only=True)
class Method:
    """A way to quantize.

    Attributes:
        name: as the table has it.
        peer: whose interpreter runs it (`child.interpreter`); ``"portproof"`` is this one.
        script: of `peers/`.
        choice: the script's first argument.
        suffix: of what it writes.
        only: names of cases that it is for; empty for all.
    """

    name: str
    peer: str
    script: str
    choice: str
    suffix: str = ".onnx"
    only: tuple[str, ...] = ()

    @property
    def is_ours(self) -> bool:
        """Whether it is Portproof's."""
        return self.peer == "portproof"


METHODS = (
    Method(name="portproof fast", peer="portproof", script="ours.py", choice="fast"),
    Method(name="portproof default", peer="portproof", script="ours.py", choice="default"),
    Method(name="portproof dynamic", peer="portproof", script="ours.py", choice="dynamic"),
    Method(
        name="portproof mixed", peer="portproof", script="ours.py", choice="default+21", only=("trained/mobilenet_v2",)
    ),
    Method(
        name="portproof mixed by task",
        peer="portproof",
        script="ours.py",
        choice="default!task",
        only=(
            "trained/silero_vad",
            "trained/ppocr_cls",
            "trained/crepe_tiny",
            "trained/english_g2",
            "trained/ppocr_rec",
        ),
    ),
    Method(
        name="portproof mixed for 30 dB",
        peer="portproof",
        script="ours.py",
        choice="default+30",
        only=("trained/silero_vad", "trained/ppocr_cls", "trained/crepe_tiny"),
    ),
    Method(
        name="portproof default for onnxruntime-cpu",
        peer="portproof",
        script="ours.py",
        choice="default@onnxruntime-cpu",
        only=("trained/minilm",),
    ),
    Method(
        name="portproof w8a16 for qnn-htp",
        peer="portproof",
        script="ours.py",
        choice="w8a16@qnn-htp",
        only=("trained/minilm",),
    ),
    Method(name="onnxruntime minmax", peer="onnxruntime", script="onnxruntime_static.py", choice="MinMax"),
    Method(name="onnxruntime entropy", peer="onnxruntime", script="onnxruntime_static.py", choice="Entropy"),
    Method(name="onnxruntime percentile", peer="onnxruntime", script="onnxruntime_static.py", choice="Percentile"),
    Method(name="nncf fast", peer="nncf", script="nncf_static.py", choice="fast"),
    Method(name="nncf full", peer="nncf", script="nncf_static.py", choice="full"),
    Method(
        name="nncf transformer", peer="nncf", script="nncf_static.py", choice="transformer", only=("trained/minilm",)
    ),
    Method(name="aimet", peer="aimet", script="aimet_static.py", choice="plain"),
    Method(name="aimet equalised", peer="aimet", script="aimet_static.py", choice="cle"),
    Method(
        name="litert static", peer="litert", script="litert_quantizer.py", choice="static_wi8_ai8", suffix=".tflite"
    ),
    Method(
        name="litert dynamic", peer="litert", script="litert_quantizer.py", choice="dynamic_wi8_afp32", suffix=".tflite"
    ),
)


def quantize(method: Method, case: Case, out: Path) -> Took:
    """Runs a method on a case; what cannot be run says why in `error`."""
    python = sys.executable if method.is_ours else child.interpreter(method.peer)
    if not python:
        return Took(error=f"no interpreter for {method.peer}: make peers, or set PORTPROOF_PEERS_PYTHON")
    source = str(case.path("model.onnx"))
    if method.peer == "litert":
        source = _torch_source(case)
        if not source:
            return Took(error="it starts from torch, and this network comes as ONNX")
    script = SCRIPTS / method.script
    return child.run(
        python, script, [method.choice, source, str(case.calibration()), str(out)], out.with_suffix(".log")
    )


def _torch_source(case: Case) -> str:
    folder = places.models() if case.torch.startswith("loaders") else places.architectures()
    return f"{folder}/{case.torch}" if case.torch and folder else ""
