"""What a package of Portproof says of its features: how they differ from the inputs and outputs of its source.

Core ML takes identifiers for names, float16, float32 and int32 for types, and no scalars; a source may have others. The
record is JSON, under `KEY` in the package's metadata.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.pixels import PixelScale
from portproof.runtimes.spec import TensorSpec

KEY = "portproof.io"


@dataclass(frozen=True, kw_only=True)
class Difference:
    """How one feature differs: the source's name and type, whether it is a scalar there, how it is made of pixels."""

    source: str
    dtype: str
    scalar: bool
    image: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class Side:
    """The features of one side, by the package's names."""

    features: Mapping[str, Difference] = field(default_factory=dict)

    def apply(self, spec: TensorSpec) -> TensorSpec:
        """A specification under the source's name, with what differs."""
        found = self.features.get(spec.name)
        if found is None:
            return spec
        return replace(
            spec,
            name=found.source,
            own_name="" if found.source == spec.name else spec.name,
            source_dtype="" if found.dtype == spec.dtype else found.dtype,
            scalar=found.scalar,
            picture=found.image,
        )


@dataclass(frozen=True, kw_only=True)
class Record:
    """Both sides; empty for a package of others."""

    inputs: Side = field(default_factory=Side)
    outputs: Side = field(default_factory=Side)


def read_record(metadata: Mapping[str, str]) -> Record:
    """The record in a package's metadata.

    Raises:
        PortproofError: ``E-MODEL-FORMAT`` when it is not what Portproof writes.
    """
    if KEY not in metadata:
        return Record()
    try:
        parsed = json.loads(metadata[KEY])
        return Record(inputs=_side(parsed["inputs"]), outputs=_side(parsed["outputs"]))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise PortproofError(
            "E-MODEL-FORMAT", f"the package's {KEY} metadata is not readable", why=str(error)
        ) from error


def _side(rows: list[dict[str, Any]]) -> Side:
    return Side(features={str(row["name"]): _difference(row) for row in rows})


def _difference(row: dict[str, Any]) -> Difference:
    dtype = np.dtype(str(row["dtype"])).name
    image = row.get("image")
    if image is not None:
        image = PixelScale.read(dict(image)).as_dict()
    return Difference(source=str(row["source"]), dtype=dtype, scalar=bool(row["scalar"]), image=image)
