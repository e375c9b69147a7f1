import pytest

from portproof.device_profiles.loading.near import hint


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (("npu", "sram_mb"), "did you mean sram_mib? 1 mb is 0.953674 mib"),
        (("npu", "sram_kib"), "did you mean sram_mib? 1 kib is 0.000976562 mib"),
        (("memory", "dram_mbps"), "did you mean dram_gbps? 1 mbps is 0.001 gbps"),
        (("npu", "peak_int8_gops"), "did you mean peak_int8_tops? 1 gops is 0.001 tops"),
        (("cpu", "peak_fp32_tflops"), "did you mean peak_fp32_gflops? 1 tflops is 1000 gflops"),
        (("cpu", "clock_mhz"), "did you mean clock_ghz? 1 mhz is 0.001 ghz"),
        (("npu", "power_mw"), "did you mean power_w? 1 mw is 0.001 w"),
        (("npu", "sram_foo"), "did you mean sram_mib?"),
        (("npu", "htparch"), "did you mean htp_arch?"),
        (("npu", "ops"), "did you mean ops- or ops+?"),
        (("vendr",), "did you mean vendor?"),
        (("gpu", "htp_arch"), "it is a key of the table [npu]"),
        (("npu", "targets"), "it is a key of the top of the file"),
        (("sram_mib",), "it is a key of the table [npu]"),
        (("runtimes", 0, "unit"), "did you mean units?"),
    ],
)
def test_what_a_wrong_key_was_meant_to_be(path: tuple[str | int, ...], text: str) -> None:
    assert hint(path) == text


def test_a_key_that_is_like_none() -> None:
    assert hint(("memory", "zzz")) == "keys here are name, dram_gbps, dram_gib, cache_mib"
    assert hint(("npu", "sram_mib", "zzz")) == "keys here are value, kind, source, borrowed_from"
