"""What a device profile holds. Imported only where profiles are read: it needs pydantic."""

from portproof.device_profiles.schema.figure import KINDS, Figure, Kind
from portproof.device_profiles.schema.profile import (
    CoreMLTarget,
    Int8Unit,
    Profile,
    ProfileFile,
    Runtime,
    Target,
)
from portproof.device_profiles.schema.units import UNITS, Cpu, Gpu, Memory, Npu, Precision, Unit, UnitName

__all__ = [
    "KINDS",
    "UNITS",
    "CoreMLTarget",
    "Cpu",
    "Figure",
    "Gpu",
    "Int8Unit",
    "Kind",
    "Memory",
    "Npu",
    "Precision",
    "Profile",
    "ProfileFile",
    "Runtime",
    "Target",
    "Unit",
    "UnitName",
]
