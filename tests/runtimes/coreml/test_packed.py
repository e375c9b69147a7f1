import coreml_files as files
import numpy as np
import pytest

from portproof.runtimes.coreml import packed
from portproof.runtimes.coreml.packed import BITS, packed_bytes, unpack


# What coremltools' own blob writer gives for these values.
@pytest.mark.parametrize(
    ("dtype", "values", "written"),
    [
        ("uint1", [1, 0, 1, 1, 0, 0, 0, 0, 1, 1], "0d03"),
        ("uint2", [1, 2, 3, 0, 3], "3903"),
        ("uint3", [1, 2, 3, 4, 5, 6, 7, 0, 5], "d1581f05"),
        ("uint4", [1, 2, 15], "210f"),
        ("int4", [1, -2, -8], "e108"),
        ("uint6", [1, 2, 63, 33, 5], "81f08705"),
    ],
)
def test_what_coremltools_writes(dtype: str, values: list[int], written: str) -> None:
    data = bytes.fromhex(written)
    assert packed_bytes(dtype, len(values)) == len(data)
    assert unpack(np.frombuffer(data, np.uint8), dtype, len(values)).tolist() == values
    assert files.packed(np.array(values), dtype) == data


@pytest.mark.parametrize("dtype", BITS)
@pytest.mark.parametrize("count", [0, 1, 7, 8, 16, 17, 40, 41])
def test_chunks_do_not_show(monkeypatch: pytest.MonkeyPatch, dtype: str, count: int) -> None:
    monkeypatch.setattr(packed, "_ONCE", 16)
    low = -8 if dtype == "int4" else 0
    values = np.random.default_rng(count).integers(low, low + 2 ** BITS[dtype], count).astype(np.int8)
    got = unpack(np.frombuffer(files.packed(values, dtype), np.uint8), dtype, count)
    assert got.tolist() == values.tolist()
    assert got.dtype == (np.int8 if dtype == "int4" else np.uint8)
