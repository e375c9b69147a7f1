"""What there is to warn of where a TFLite file and the QDQ model that it was made of disagree."""

from portproof.device_profiles.errors import Message
from portproof.exporter.agreement.agree import Agreement

_NAMED = 3


def said(found: Agreement) -> list[Message]:
    """``W-INT8-STEPS``: kernels that read the same integers and give others, more than one step away."""
    layers = found.all_layers
    if layers.near:
        return []
    share = f"{layers.within_one:.2%} of their values are at most one step apart"
    far = sorted((steps.within_one, name) for name, steps in found.layers.items() if not steps.near)
    named = ", ".join(f"{name} ({within:.2%})" for within, name in far[:_NAMED])
    return [
        Message(
            code="W-INT8-STEPS",
            what=f"{len(far)} of {len(found.layers)} layers of the TFLite file do not compute what the QDQ model says",
            where=far[0][1] if far else found.worst,
            why=f"reading the same integers, {share}: {named}",
            hint="keep these nodes in float (portproof quantize --float NODE); a kernel or a scale is wrong",
        )
    ]
