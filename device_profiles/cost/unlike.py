"""What of a network was hardly measured in a form: its time there is a guess, which no interval tells."""

from typing import TYPE_CHECKING

from portproof.device_profiles.cost.components import TERMS, Traits
from portproof.device_profiles.cost.cross_validation import CALIBRATED
from portproof.device_profiles.cost.reference import Reference

if TYPE_CHECKING:
    import numpy as np

#: Classes of products by their term; what all networks begin with, and the sizes of a kernel, tell nothing here.
_CLASSES = {
    "dense convolutions": ("m_stem", "m_conv", "m_winograd"), "1x1 convolutions": ("m_pw",),
    "depthwise convolutions": ("m_dw", "m_dw_wide"), "grouped convolutions": ("m_gconv",),
    "transposed convolutions": ("m_deconv",), "fully connected layers": ("m_fc",),
    "products of two activations": ("m_bmm",), "recurrent layers": ("m_rnn",),
}  # fmt: skip
#: A network has a class if that does this share of its multiply-accumulates; a class is known from this many on.
_SHARE, _KNOWN = 0.02, 2


def classes(reference: Reference, family: int, traits: Traits) -> dict[str, int]:
    """How many networks measured in a family have the classes of products of a network (`traits` of one).

    Only classes that fewer than two of them have; none if the network is itself one of them, nor in families of so few
    networks that predictions are uncalibrated anyway.
    """
    import numpy as np

    measured = reference.traits.amounts[np.unique(reference.pair_network[reference.pair_family == family])]
    if len(measured) < CALIBRATED or any(np.allclose(one, traits.amounts[0], rtol=1e-3, atol=1e-3) for one in measured):
        return {}
    mine, counts = _shares(traits.amounts)[0] >= _SHARE, (_shares(measured) >= _SHARE).sum(axis=0).tolist()
    return {name: count for name, has, count in zip(_CLASSES, mine, counts, strict=True) if has and count < _KNOWN}


def notes(reference: Reference, family: int, traits: Traits) -> list[str]:
    """A sentence for readers, where there is such a class."""
    found = classes(reference, family, traits)
    if not found:
        return []
    named = ", ".join(f"{name} ({'1 network' if count else 'no network'})" for name, count in found.items())
    return [f"hardly measured in this form on any device: {named}; what they take is a guess"]


def _shares(amounts: "np.ndarray") -> "np.ndarray":
    """Of multiply-accumulates, float64 [networks, classes]."""
    import numpy as np

    work = np.stack([amounts[:, [TERMS.index(term) for term in terms]].sum(axis=1) for terms in _CLASSES.values()], 1)
    return np.asarray(work / np.maximum(work.sum(axis=1, keepdims=True), 1e-9))
