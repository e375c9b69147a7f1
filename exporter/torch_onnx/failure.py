"""What goes wrong in torch becomes a message that names the user's line; torch's own stack goes to the log."""

import traceback
from collections.abc import Iterator
from types import TracebackType

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.provenance import user_line

_NO_COUNTERPART = "ONNX has no counterpart of this operator: write it with other torch operators."
_HINTS = (
    ("data-dependent", "Replace what depends on a tensor's values by torch.where, a mask, or a fixed size."),
    ("No ONNX function found", _NO_COUNTERPART),
    ("No decompositions registered", _NO_COUNTERPART),
    ("complex", "ONNX has no complex numbers: compute real and imaginary parts apart."),
)
_DEFAULT_HINT = "Run torch.export.export(module, inputs) by itself: the model must pass it."


class TorchExportError(PortproofError):
    """E-TORCH-EXPORT; `log` holds torch's full traceback and whatever it printed."""

    log: str = ""


def failure(what: str, error: BaseException, noise: str = "") -> TorchExportError:
    """An E-TORCH-EXPORT for an exception of torch's: the deepest cause, the user's innermost line, and a way out."""
    causes = list(_chain(error))
    reason = _first_line(causes[-1])
    made = TorchExportError(
        "E-TORCH-EXPORT", what, where=failing_line(error), why=reason, hint=_hint(" ".join(map(str, causes)))
    )
    made.log = noise + "".join(traceback.format_exception(error))
    return made


def failing_line(error: BaseException) -> str:
    """The user's innermost line in an exception and its causes: ``"net.py:41 in forward"``, or ""."""
    for cause in reversed(list(_chain(error))):
        line = _traced_line(cause.__traceback__) or user_line(_frames(cause.__traceback__))
        if line:
            return line
    return ""


def _traced_line(trace: TracebackType | None) -> str:
    """The user's line of the operator that torch was translating: its functions keep it in a local variable."""
    found = ""
    while trace is not None:
        meta = getattr(trace.tb_frame.f_locals.get("node"), "meta", None)
        if isinstance(meta, dict):
            found = user_line(str(meta.get("stack_trace") or "")) or found
        trace = trace.tb_next
    return found


def _frames(trace: TracebackType | None) -> str:
    """The frames below Portproof's own."""
    frames = [f for f in traceback.extract_tb(trace) if not f.filename.endswith(_OWN)]
    return "".join(f'File "{f.filename}", line {f.lineno}, in {f.name}\n' for f in frames)


_OWN = tuple(f"exporter/torch_onnx/{name}.py" for name in ("export", "reference", "prove"))


def _chain(error: BaseException) -> Iterator[BaseException]:
    current: BaseException | None = error
    for _ in range(20):
        if current is None:
            return
        yield current
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _hint(text: str) -> str:
    return next((hint for sign, hint in _HINTS if sign in text), _DEFAULT_HINT)
