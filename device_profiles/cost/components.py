"""What the cost model sees of a network: amounts of work by class (a roofline's terms), and a few traits."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from portproof.device_profiles.cost.work import BLOCK, PRODUCTS, Layer

if TYPE_CHECKING:
    import numpy as np

_MACS = {"pw": "pw", "dw": "dw", "gconv": "gconv", "fc": "fc", "bmm": "bmm", "rnn": "rnn", "deconv": "deconv"}
_MOVED = {
    "conv": ("conv", "gconv", "deconv"), "pw": ("pw",), "dw": ("dw",), "fc": ("fc", "bmm", "rnn"),
    "elt": ("elt", "elt2"),
    "act": ("act", "swish", "gelu"), "hard": ("hard",), "norm": ("norm",), "softmax": ("softmax",),
    "layout": ("transpose",),
    "rows": ("move", "other"), "view": ("view",), "cat": ("cat",), "pool": ("pool", "reduce"),
}  # fmt: skip
_IO_OF = {kind: f"io_{name}" for name, kinds in _MOVED.items() for kind in kinds}
#: Layers counted once more, for what starting them costs.
_COUNTED = {"transpose": "n_layout", "move": "n_layout", "view": "n_layout", "cat": "n_layout", "norm": "n_norm",
            "softmax": "n_norm", "reduce": "n_reduce", "rnn": "n_rnn"}  # fmt: skip
#: What a kind of unit does not do at all: its rate stays nothing, whatever is measured.
_NONE = 1e-9

#: For each term: relative cost before any measurement is seen, for each of `UNITS`. Millions of multiply-accumulates
#: (m_), of elements moved (io_) and of parameters, layers (n_). Cores do about 10 GMAC/s and 1.6 Gelements/s, Winograd
#: halves 3x3 convolutions. Graphics and neural processors multiply 400 times faster, their memory is 75 times faster. A
#: neural processor runs a graph as one program: to start a layer costs it next to nothing, but for recurrent ones; what
#: only names data otherwise is none of its operators; its channels come in blocks. Hard activations cost cores what an
#: addition does: they have no exponential.
PRIORS: dict[str, tuple[float, float, float]] = {
    "const": (20, 200, 174), "n_product": (3.6, 4, 0.01), "n_other": (4, 4, 0.01), "params": (140, 40, 40),
    "m_stem": (120, 0.3, 0.25), "m_winograd": (36, 0.2, 0.2), "m_conv": (100, 0.2, 0.25), "m_pw": (100, 0.25, 0.25),
    "m_dw": (300, 1, 1), "m_dw_wide": (10, 1, 1), "m_gconv": (150, 0.5, 0.78), "m_fc": (100, 0.25, 0.2),
    "m_bmm": (120, 0.4, 0.29), "m_rnn": (150, 1, 1), "m_deconv": (120, 0.5, 0.5),
    "m_gconv_padding": (_NONE, _NONE, 0.5), "m_dw_padding": (_NONE, _NONE, 1), "io_stem": (600, 8, 1.2),
    "io_winograd": (370, 4, 3.8), "io_conv": (600, 4, 2.7), "io_pw": (630, 4, 4.3), "io_dw": (820, 8, 4.7),
    "io_dw_padding": (_NONE, _NONE, 8), "io_fc": (500, 4, 2.6), "io_elt": (500, 8, 9.6), "io_act": (870, 15, 8),
    "io_hard": (500, 15, 6), "io_norm": (1100, 15, 30), "io_softmax": (1000, 20, 16), "io_layout": (800, 15, 15),
    "io_rows": (800, 15, 8), "io_view": (800, 15, _NONE), "io_cat": (500, 8, 12), "io_pool": (500, 8, 4.7),
    "n_layout": (4, 4, 0.01), "n_norm": (4, 4, 0.01), "n_reduce": (8, 4, 0.01), "n_rnn": (50, 50, 50),
    "m_padding": (0.9, 0.01, 0.012), "m_small": (11, 0.02, 0.06), "io_spill": (50, 2, 4.6),
}  # fmt: skip
UNITS = ("cpu", "gpu", "npu")
TERMS = tuple(PRIORS)
_TIED = (
    ("m_winograd", "m_conv", "m_pw"), ("m_dw", "m_dw_wide", "m_dw_padding", "io_dw", "io_dw_padding"),
    ("m_gconv", "m_gconv_padding", "m_deconv"), ("m_rnn", "n_rnn"), ("io_layout", "io_rows", "io_view"),
    ("io_stem", "io_winograd", "io_conv", "io_pw", "io_fc"), ("io_elt", "io_pool", "io_cat"),
    ("io_act", "io_hard", "io_norm", "io_softmax"), ("n_product", "n_other", "n_layout", "n_norm", "n_reduce"),
)  # fmt: skip
#: Terms whose rates deviate from their priors together; all others do alone. Thirty networks tell the rates of graphics
#: and neural processors: fewer of them are told better.
TIES: dict[str, tuple[tuple[str, ...], ...]] = {
    "cpu": (("io_layout", "io_rows", "io_view"),),
    "gpu": (("m_winograd", "m_conv", "m_pw", "m_fc", "m_bmm"), *_TIED[1:]),
    "npu": _TIED,
}
#: What a device can be better or worse at than others of its kind, as groups of terms.
FACTORS: dict[str, tuple[str, ...]] = {
    "compute": tuple(term for term in TERMS if term.startswith("m_")),
    "memory": tuple(term for term in TERMS if term.startswith("io_")),
    "weights": ("params",),
    "overhead": tuple(term for term in TERMS if term == "const" or term.startswith("n_")),
}
#: Elements of a depthwise kernel beyond which more cost cores little: what it reads decides, and it reads no more.
_NARROW = 9
#: Millions of elements beyond which a layer's data is taken not to stay on the chip.
_ON_CHIP = 1.0


def amounts(layers: Sequence[Layer]) -> dict[str, float]:
    """The amount of each of `TERMS` in a network."""
    found = dict.fromkeys(TERMS, 0.0)
    found["const"] = 1.0
    for layer in layers:
        for term, amount in layer_amounts(layer).items():
            found[term] += amount
    return found


@functools.lru_cache(maxsize=8192)  # one network is asked for on many devices
def layer_amounts(layer: Layer) -> Mapping[str, float]:
    """The amounts of `TERMS` in one layer; those it has none of are left out."""
    moved = (layer.inputs + layer.outputs) / 1e6
    product = layer.kind in PRODUCTS
    found = {"n_product" if product else "n_other": 1.0}
    if layer.kind in _COUNTED:
        found[_COUNTED[layer.kind]] = 1.0
    if layer.kind == "conv":
        kind = _dense(layer)
        return found | _product(layer, f"m_{kind}", f"io_{kind}", moved)
    if product:
        return found | _product(layer, f"m_{_MACS[layer.kind]}", _IO_OF[layer.kind], moved)
    return found | {_IO_OF[layer.kind]: moved}


def _dense(layer: Layer) -> str:
    """Stems have few input channels; 3x3 kernels without stride are what Winograd's algorithm speeds up."""
    if layer.reduction <= 4 * layer.window:
        return "stem"
    return "winograd" if (layer.window, layer.stride, layer.dilation) == (9, 1, 1) else "conv"


def _product(layer: Layer, macs: str, moving: str, moved: float) -> dict[str, float]:
    found = {macs: layer.macs / 1e6, moving: moved, "params": layer.params / 1e6}
    if layer.kind == "dw" and layer.window > _NARROW:
        found["m_dw_wide"] = found["m_dw"] * (1 - _NARROW / layer.window)
        found["m_dw"] -= found["m_dw_wide"]
    if layer.kind != "dw" and layer.channels and layer.outputs <= 100 * layer.channels:
        found["m_small"] = layer.macs / 1e6
    found["io_spill"] = max(moved - _ON_CHIP, 0.0)
    return found | _padding(layer, moved)


def _padding(layer: Layer, moved: float) -> dict[str, float]:
    """What is computed and moved for nothing, as channels come in blocks: of each group, where they are in groups."""
    inputs = _wasted(max(layer.reduction // max(layer.window, 1), 1))
    outputs = _wasted(max(layer.channels, 1))
    if layer.kind in {"conv", "pw"}:
        return {"m_padding": layer.macs * (inputs * outputs - 1) / 1e6}
    if layer.kind == "gconv":
        return {"m_gconv_padding": layer.macs * (inputs - 1) / 1e6}
    if layer.kind == "dw":
        return {"m_dw_padding": layer.macs * (outputs - 1) / 1e6, "io_dw_padding": moved * (outputs - 1)}
    return {}


def _wasted(channels: int) -> float:
    """Channels in whole blocks over channels."""
    return -(-channels // BLOCK) * BLOCK / channels


@dataclass(frozen=True, kw_only=True)
class Traits:
    """Networks as points: what makes two of them alike in how fast they run.

    Attributes:
        amounts: float64 [networks, terms].
        sizes: logarithms of all work, all elements moved, parameters and layers: float64 [networks, 4].
        mix: roots of the shares of each class in the work and in the elements moved: float64 [networks, ...].
    """

    amounts: "np.ndarray"
    sizes: "np.ndarray"
    mix: "np.ndarray"


_WORK = tuple(t for t in FACTORS["compute"] if not t.endswith("padding") and t not in {"m_small", "m_deconv"})
#: Alike in what networks they make: one trait each.
_ONE_TRAIT = {"io_layout": ("io_layout", "io_rows", "io_view"), "io_act": ("io_act", "io_hard")}
_NO_TRAIT = {"io_spill"}.union(*(set(terms) - {name} for name, terms in _ONE_TRAIT.items()))
_MOVES = tuple(t for t in FACTORS["memory"] if not t.endswith("padding") and t not in _NO_TRAIT)


def traits(networks: Sequence[dict[str, float]]) -> Traits:
    """The traits of networks, from their amounts."""
    import numpy as np

    table = np.array([[network[term] for term in TERMS] for network in networks], dtype=float).reshape(-1, len(TERMS))
    column = {term: table[:, index] for index, term in enumerate(TERMS)}
    column |= {name: np.sum([column[term] for term in terms], axis=0) for name, terms in _ONE_TRAIT.items()}
    work = np.maximum(sum(column[term] for term in _WORK), 1e-6)
    moved = np.maximum(sum(column[term] for term in _MOVES), 1e-6)
    layers = np.maximum(column["n_product"] + column["n_other"], 1)
    sizes = np.stack([np.log(work), np.log(moved), np.log(column["params"] + 0.3), np.log(layers)], axis=1)
    shares = [np.sqrt(column[term] / work) for term in _WORK] + [np.sqrt(column[term] / moved) for term in _MOVES]
    rest = [column["m_padding"] / work, column["m_small"] / work, column["io_spill"] / moved]
    # About the middle and the spread of the networks measured: constants, so that a prediction depends on no other.
    scaled = (sizes - np.array([6.3, 3.0, 2.0, 4.4])) / 1.5
    return Traits(amounts=table, sizes=scaled, mix=np.stack([*shares, *(0.5 * part for part in rest)], axis=1))
