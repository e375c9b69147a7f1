"""Damages Core ML packages in ways that a number decides: the same number, the same damage."""

import json
import random
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from mutation_seeds import SEEDS, Sample, sample

from portproof.runtimes.coreml.schema import message_class

INTEGERS = (
    0,
    1,
    2,
    3,
    7,
    64,
    255,
    65_536,
    2**31 - 1,
    2**31,
    2**40,
    2**62,
    2**63 - 1,
    2**64 - 1,
    -1,
    -2,
    -(2**31),
    -(2**63),
)
FLOATS = (0.0, -1.0, 1e30, float("nan"), float("inf"))
WORDS = (
    "",
    "x",
    "y",
    "main",
    "const",
    "\0",
    "a/b",
    "\u202e",
    "n" * 3000,
    "CoreML4",
    "CoreML8",
    "@model_path/../weights/weight.bin",
    "@model_path/weights",
    "/etc/passwd",
    "int32",
)


def mutated(number: int) -> tuple[str, Sample]:
    """The seed's name and the damaged package of a number."""
    chance = random.Random(number)  # noqa: S311 - no secret
    name = list(SEEDS)[number % len(SEEDS)]
    damaged = sample(name)
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        damaged = chance.choice(MUTATIONS)(chance, damaged)
    return name, damaged


def write(folder: Path, damaged: Sample) -> Path:
    """A package in `folder`, which is made when it is not there."""
    inner = folder / "Data" / "com.apple.CoreML"
    (inner / "weights").mkdir(parents=True, exist_ok=True)
    (folder / "Manifest.json").write_bytes(damaged.manifest)
    (inner / "model.mlmodel").write_bytes(damaged.model)
    (inner / "weights" / "weight.bin").write_bytes(damaged.weights)
    return folder


def _flip(chance: random.Random, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 8)) if out else 0):
        out[chance.randrange(len(out))] ^= 1 << chance.randrange(8)
    return bytes(out)


def _overwrite(chance: random.Random, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(chance.choice((1, 2, 4)) if out else 0):
        out[chance.randrange(len(out))] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
    return bytes(out)


def _truncate(chance: random.Random, data: bytes) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _splice(chance: random.Random, data: bytes) -> bytes:
    """A piece is taken out, doubled, or put elsewhere."""
    start = chance.randrange(len(data) + 1)
    end = min(len(data), start + chance.choice((1, 2, 8, 64)))
    piece, place = data[start:end], chance.randrange(len(data) + 1)
    left = data[:start] + data[end:] if chance.random() < 0.6 else data
    return left if chance.random() < 0.3 else left[:place] + piece + left[place:]


BYTES = (_flip, _overwrite, _truncate, _splice)


def _model_bytes(chance: random.Random, whole: Sample) -> Sample:
    return replace(whole, model=chance.choice(BYTES)(chance, whole.model))


def _weight_bytes(chance: random.Random, whole: Sample) -> Sample:
    return replace(whole, weights=chance.choice(BYTES)(chance, whole.weights))


def _manifest_bytes(chance: random.Random, whole: Sample) -> Sample:
    return replace(whole, manifest=chance.choice(BYTES)(chance, whole.manifest))


def _weight_field(chance: random.Random, whole: Sample) -> Sample:
    """One field of the header, or of what begins at a multiple of 64 bytes, is another number."""
    out = bytearray(whole.weights)
    if len(out) < 64:
        return whole
    at = 64 * chance.randrange(len(out) // 64)
    offset, layout = chance.choice(((0, "<I"), (4, "<I"), (8, "<Q"), (16, "<Q"), (24, "<Q")))
    bits = 32 if layout == "<I" else 64
    chosen = chance.choice((*INTEGERS, at, at + 64, len(out), len(out) - 1, chance.randrange(20)))
    struct.pack_into(layout, out, at + offset, chosen % 2**bits)
    return replace(whole, weights=bytes(out))


def _manifest_value(chance: random.Random, whole: Sample) -> Sample:
    try:
        manifest = json.loads(whole.manifest)
        items = manifest["itemInfoEntries"]
        places = [manifest, items, *items.values()]
        place = chance.choice([found for found in places if isinstance(found, dict) and found])
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        return whole
    key = chance.choice(list(place))
    change = chance.choice((None, [], {}, 5, *WORDS, "../../x", "com.apple.CoreML/weights", "com.apple.CoreML"))
    if change is None:
        del place[key]
    else:
        place[chance.choice((key, key, "new"))] = change
    return replace(whole, manifest=json.dumps(manifest).encode())


def _structure(chance: random.Random, whole: Sample) -> Sample:
    """One field of one message is changed; the protobuf stays one."""
    model = message_class("Model")()
    try:
        model.ParseFromString(whole.model)
    except Exception:  # an earlier mutation broke it
        return whole
    nodes = list(_messages(model))
    message = chance.choice(nodes)
    field = chance.choice(message.DESCRIPTOR.fields or [None])
    if field is not None:
        _change(chance, message, field, nodes)
    return replace(whole, model=model.SerializeToString(deterministic=True))


def _messages(message: Any) -> Iterator[Any]:
    yield message
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            parts = [value[key] for key in sorted(value)]
        else:
            parts = list(value) if field.is_repeated else [value]
        for part in parts:
            if hasattr(part, "ListFields"):
                yield from _messages(part)


def _change(chance: random.Random, message: Any, field: Any, nodes: list[Any]) -> None:
    if chance.random() < 0.15:
        message.ClearField(field.name)
    elif field.message_type is not None and field.message_type.GetOptions().map_entry:
        _change_map(chance, getattr(message, field.name), field)
    elif field.is_repeated:
        _change_list(chance, getattr(message, field.name), field, nodes)
    elif field.message_type is not None:
        _graft(chance, getattr(message, field.name), nodes)
    else:
        setattr(message, field.name, _scalar(chance, field, getattr(message, field.name), nodes))


def _change_map(chance: random.Random, held: Any, field: Any) -> None:
    """A key goes, gets another name, or gets another's value."""
    keys = sorted(held)
    if not keys:
        return
    key, other = chance.choice(keys), chance.choice((*keys, "val", "x", "axis", "CoreML6"))
    if hasattr(held[key], "ListFields"):
        held[other].CopyFrom(held[key])
    else:
        held[other] = held[key]
    if chance.random() < 0.6 and key != other:
        del held[key]


def _change_list(chance: random.Random, held: Any, field: Any, nodes: list[Any]) -> None:
    """An element goes, comes twice, changes places, changes, or comes a thousand times."""
    action = chance.randrange(5)
    items = list(held)
    if items and action == 0:
        del items[chance.randrange(len(items))]
    elif items and action == 1:
        items.insert(chance.randrange(len(items) + 1), chance.choice(items))
    elif len(items) > 1 and action == 2:
        a, b = chance.sample(range(len(items)), 2)
        items[a], items[b] = items[b], items[a]
    elif items and action == 3 and chance.random() < 0.2:
        items = (items * 1000)[:1000]
    elif field.message_type is None:
        place = chance.randrange(len(items) + 1)
        items[place : place + 1] = [_scalar(chance, field, items[place] if place < len(items) else None, nodes)]
    elif items:
        _graft(chance, held[chance.randrange(len(items))], nodes)
        return
    # Elements of messages are views of what is deleted: they are copied first.
    copies = [_copy(item) for item in items]
    del held[:]
    held.extend(copies)


def _copy(item: Any) -> Any:
    if not hasattr(item, "CopyFrom"):
        return item
    made = type(item)()
    made.CopyFrom(item)
    return made


def _graft(chance: random.Random, message: Any, nodes: list[Any]) -> None:
    """A message becomes another one of its type, which may hold it."""
    same = [node for node in nodes if node.DESCRIPTOR is message.DESCRIPTOR]
    if same:
        message.CopyFrom(_copy(chance.choice(same)))
    else:
        message.SetInParent()


def _scalar(chance: random.Random, field: Any, old: Any, nodes: list[Any]) -> Any:
    if field.type == field.TYPE_BOOL:
        return not old
    if field.type in {field.TYPE_FLOAT, field.TYPE_DOUBLE}:
        return chance.choice(FLOATS)
    if field.type == field.TYPE_BYTES:
        return chance.choice(BYTES)(chance, old or b"\0" * 8)
    if field.type == field.TYPE_STRING:
        names = [node.name for node in nodes if "name" in node.DESCRIPTOR.fields_by_name]
        return chance.choice((*WORDS, *names, *names))
    bits, low = {
        field.TYPE_INT32: (32, -(2**31)),
        field.TYPE_INT64: (64, -(2**63)),
        field.TYPE_UINT64: (64, 0),
    }[field.type]
    near = [(old or 0) + step for step in (-1, 1, 1, 10)]
    return (chance.choice((*INTEGERS, *near)) - low) % 2**bits + low


MUTATIONS: tuple[Callable[[random.Random, Sample], Sample], ...] = (
    _model_bytes,
    _structure,
    _structure,
    _structure,
    _structure,
    _weight_bytes,
    _weight_field,
    _manifest_bytes,
    _manifest_value,
)
