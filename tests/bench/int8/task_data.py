"""What a mix is chosen by where the task decides: of the kind that is judged, and neither judged nor calibrated on."""

import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from tests.bench.int8.calibration_data import Samples, in_colour

_TEXT = """
anchor autumn bakery balloon blanket bridge butter camera carpet ceiling cherry circle coffee copper corner cotton
danger desert dinner dragon engine fabric figure finger flower freedom glass hammer honey insect jungle kitchen ladder
lemon library magnet market memory mirror needle number office orange palace paper pepper pillow planet pocket potato
river salmon school silver spring street summer ticket tunnel valley violin winter wizard 1984 365 0.5% B-52 8:30 x=3
"""
_WORDS = _TEXT.split()
_GAINS = (1, 0.25, 0.06)  # the softer, the more frames of which the model is not sure
_FRAME, _CONTEXT, _PAUSE = 512, 64, 8000  # samples of 16 kHz


def lines_of_text(loaders: Any) -> Samples:
    """Rendered words that are neither calibrated on nor judged."""
    font = loaders._font()
    return [(((loaders.text_line(word, font) / 255 - 0.5) / 0.5)[None, None].astype(np.float32),) for word in _WORDS]


def narrow_lines(loaders: Any) -> Samples:
    """The same at the recogniser's size."""
    return [{"x": in_colour(loaders, word, 320)} for word in _WORDS]


def turned_lines(loaders: Any) -> Samples:
    """The same at the classifier's size, upright and upside down."""
    upright = [in_colour(loaders, word, 192) for word in _WORDS]
    return [{"x": np.ascontiguousarray(line[..., ::step, ::step])} for line in upright for step in (1, -1)]


def frames(loaders: Any) -> Samples:
    """Frames of recordings of their own."""
    cut = [sound[start : start + 1024] for sound in _recordings() for start in range(1000, len(sound) - 1024, 1000)]
    return [(((frame - frame.mean()) / frame.std())[None].astype(np.float32),) for frame in cut if frame.std() > 0.02]


def stream(loaders: Any) -> Samples:
    """A stream of recordings of their own, softer and softer, pauses between; states begin at zero."""
    sounds = [sound * np.float32(gain) for gain in _GAINS for sound in _recordings()]
    parts = [np.concatenate([np.zeros(_PAUSE, np.float32), sound]) for sound in sounds]
    sound = np.concatenate([np.zeros(_CONTEXT, np.float32), *parts])
    state = np.zeros((1, 128), np.float32)
    starts = range(_CONTEXT, len(sound) - _FRAME, _FRAME)
    return [(sound[start - _CONTEXT : start + _FRAME][None], state, state) for start in starts]


def _recordings() -> list[np.ndarray]:
    return list(sys.modules["common"].speech(which="raw"))


TASK: Mapping[str, Callable[[Any], Samples]] = {
    "english_g2": lines_of_text,
    "crepe_tiny": frames,
    "silero_vad": stream,
    "ppocr_rec": narrow_lines,
    "ppocr_cls": turned_lines,
}
