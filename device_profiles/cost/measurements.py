"""Reading measured latencies from a CSV file, every mistake told with its line."""

import csv
import math
from collections.abc import Sequence
from pathlib import Path

from portproof.device_profiles.cost.groups import Group
from portproof.device_profiles.cost.points import NCNN, QAI, Measurement
from portproof.device_profiles.errors import Message, PortproofError

#: The columns of a user's file: what was run, and how long it took.
COLUMNS = ("model", "unit", "runtime", "precision", "latency_ms")
_UNITS = ("cpu", "gpu", "npu")
#: Networks that ncnn's benchmark has otherwise than torchvision under the same name: strides and layers differ
#: (``benchmark/*.param`` of its repository; `tests/bench/ncnn_networks.py` has how).
OF_NCNN = frozenset({"tv.googlenet", "tv.mobilenet_v2", "tv.mobilenet_v3_large", "tv.resnet50", "tv.squeezenet1_1"})
#: Networks that Qualcomm's AI Hub has otherwise than torchvision or timm under the same name: other attentions
#: (``qai_hub_models/models/*/model.py`` of its repository; `tests/bench/qai_networks.py` has how).
OF_QAI = frozenset({"timm.beit_base_patch16_224", "timm.mobilevit_s", "tv.swin_b", "tv.swin_t"})
_MAX_BYTES = 50_000_000


def read_survey(path: str | Path) -> list[Measurement]:
    """Measurements over many devices: source, arch, input_shape, device, compute_unit, runtime, precision, latency_ms.

    Raises:
        PortproofError: ``E-FILE-MISSING``, ``E-DATA-FORMAT``.
    """
    wanted = ("source", "arch", "input_shape", "device", "compute_unit", "runtime", "precision", "latency_ms")
    return [
        Measurement(
            group=Group(
                device=row["device"], unit=row["compute_unit"], runtime=row["runtime"], precision=row["precision"]
            ),
            network=f"{_variant(row['arch'], row['runtime'], row['source'])}|{row['input_shape']}",
            latency_ms=float(row["latency_ms"]),
        )
        for _, row in _rows(path, wanted)
    ]


def _variant(architecture: str, runtime: str, source: str) -> str:
    """``tv.resnet50#ncnn`` for what is called ResNet-50 there; the same architecture when one is held out."""
    if runtime.startswith("ncnn") and architecture in OF_NCNN:
        return f"{architecture}{NCNN}"
    return f"{architecture}{QAI}" if source.startswith("qai-hub") and architecture in OF_QAI else architecture


def read_own(path: str | Path, device: str) -> list[Measurement]:
    """A user's measurements of one device, by `COLUMNS`; `network` is what the column model says.

    Raises:
        PortproofError: ``E-FILE-MISSING``; ``E-DATA-FORMAT``: not a CSV file, or columns are missing; or every row that
            has no model, an unknown unit, or no positive latency; ``E-DATA-EMPTY``: no row.
    """
    rows = _rows(path, COLUMNS)
    messages = [message for line, row in rows if (message := _wrong(path, line, row))]
    if messages:
        raise PortproofError.of(messages)
    if not rows:
        raise PortproofError("E-DATA-EMPTY", "the file holds no measurement", where=str(path))
    return [
        Measurement(
            group=Group(device=device, unit=row["unit"], runtime=row["runtime"], precision=row["precision"]),
            network=row["model"],
            latency_ms=float(row["latency_ms"]),
        )
        for _, row in rows
    ]


def _rows(path: str | Path, wanted: Sequence[str]) -> list[tuple[int, dict[str, str]]]:
    """Rows with their line numbers, values without blanks around them."""
    file = Path(path)
    if not file.is_file():
        raise PortproofError("E-FILE-MISSING", "there is no such file of measurements", where=str(path))
    if file.stat().st_size > _MAX_BYTES:
        raise PortproofError("E-DATA-FORMAT", "a file of measurements this large is a mistake", where=str(path))
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream, strict=True)
            header = [name.strip() for name in reader.fieldnames or ()]
            reader.fieldnames = header
            _check_header(path, header, wanted)
            return [(reader.line_num, {k: (row.get(k) or "").strip() for k in wanted}) for row in reader]
    except (csv.Error, UnicodeDecodeError) as error:
        raise PortproofError("E-DATA-FORMAT", "not a CSV file in UTF-8", where=str(path), why=str(error)) from error


def _check_header(path: str | Path, header: list[str], wanted: Sequence[str]) -> None:
    missing = [name for name in wanted if name not in header]
    if missing:
        raise PortproofError(
            "E-DATA-FORMAT",
            f"the first line names no column {', '.join(missing)}",
            where=str(path),
            why=f"it names {', '.join(header) or 'none'}",
            hint=f"the columns are {','.join(wanted)}, separated by commas",
        )


def _wrong(path: str | Path, line: int, row: dict[str, str]) -> Message | None:
    empty = [name for name in COLUMNS if not row[name]]
    if empty:
        what = f"no {', '.join(empty)}"
    elif row["unit"] not in _UNITS:
        what = f'the unit "{row["unit"]}" is none of {", ".join(_UNITS)}'
    elif not _positive(row["latency_ms"]):
        what = f'latency_ms is "{row["latency_ms"]}": a positive number of milliseconds is needed'
    else:
        return None
    return Message(code="E-DATA-FORMAT", what=what, where=f"{path}, line {line}")


def _positive(text: str) -> bool:
    try:
        return 0 < float(text) < math.inf
    except ValueError:
        return False
