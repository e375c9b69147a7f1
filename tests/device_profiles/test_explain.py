from pathlib import Path

from tests.device_profiles.loading.bad import GOOD, write

from portproof.device_profiles.explain import rows
from portproof.device_profiles.profiles import resolve


def test_every_value_with_its_file_and_line(tmp_path: Path) -> None:
    path = write(tmp_path, GOOD)
    found = {row.key: row for row in rows(resolve(str(path), overrides=["npu.clock_ghz=1"]))}
    assert (found["npu.sram_mib"].value, found["npu.sram_mib"].kind) == ("2", "primary")
    assert (found["npu.sram_mib"].source, found["npu.sram_mib"].origin) == ("data sheet", f"{path}:13")
    assert (found["npu.clock_ghz"].kind, found["npu.clock_ghz"].origin) == ("guess", "command line")
    assert (found["cpu.ops-"].value, found["cpu.ops-"].origin) == ('"Softmax"', f"{path}:10")
    assert (found["runtimes[0]"].value, found["runtimes[0]"].source) == ("XNNPACK on cpu", "its manual")
    assert (found["targets"].value, found["targets"].kind) == ('["tflite"]', "")


def test_keys_of_the_whole_device_come_first() -> None:
    keys = [row.key for row in rows(resolve("galaxy-s24"))]
    assert keys[:3] == ["kind", "id", "extends"]
    tables = [key.partition(".")[0] for key in keys if "." in key]
    assert tables == sorted(tables)
    assert keys.index(next(key for key in keys if "." in key)) == len(keys) - len(tables)


def test_a_missing_number_and_a_borrowed_one() -> None:
    found = {row.key: row for row in rows(resolve("pixel-8"))}
    assert (found["npu.peak_tops"].value, found["npu.peak_tops"].kind) == ("-", "missing")
    assert (found["memory.dram_gbps"].kind, found["memory.dram_gbps"].borrowed_from) == ("guess", "google-tensor-g2")


def test_what_its_own_file_states() -> None:
    found = rows(resolve("galaxy-s24", overrides=["npu.sram_mib=3"]), inherited=False)
    assert {row.key for row in found} >= {"id", "soc", "npu.sram_mib"}
    assert not {row.key for row in found} & {"gpu.name", "soc_model"}
