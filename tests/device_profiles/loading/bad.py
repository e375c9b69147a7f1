"""Profiles to break, and what is said of them."""

from pathlib import Path

import pytest

from portproof.device_profiles import profiles
from portproof.device_profiles.errors import Message, PortproofError

GOOD = """\
kind = "device"
id = "my-board"
name = "My board"
vendor = "Me"
soc = "RV1126"
targets = ["tflite"]

[cpu]
name = "4 x Cortex-A7"
ops- = ["Softmax"]

[npu]
sram_mib = { value = 2, kind = "primary", source = "data sheet" }

[memory.dram_gbps]
value = 8.5
kind = "derived"
source = "DDR3-1066 x 64 bit"

[[runtimes]]
name = "XNNPACK"
units = ["cpu"]
kind = "primary"
source = "its manual"
""".replace("ops- =", '"ops-" =')


def write(folder: Path, text: str, name: str = "my-board") -> Path:
    """A profile in a file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refused(*paths: Path, device: str = "") -> tuple[Message, ...]:
    """What is said of the first of several files, or of a device that they are searched for."""
    with pytest.raises(PortproofError) as caught:
        profiles.load(device or paths[0].stem, profile_path=paths)
    return caught.value.messages
