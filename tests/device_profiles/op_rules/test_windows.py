"""Kernels and strides."""

import pytest
from tests.device_profiles.op_rules.make import constant, op, tensor, weights, why


@pytest.mark.parametrize(
    ("attributes", "beyond_valid", "taken"),
    [
        ({"stride_h": 3, "stride_w": 3, "padding": "SAME"}, True, True),
        ({"stride_h": 4, "stride_w": 4, "padding": "SAME"}, True, False),
        ({"stride_h": 4, "stride_w": 4, "padding": "VALID"}, True, True),
        ({"stride_h": 4, "stride_w": 4, "padding": "VALID"}, False, False),
        ({"stride_h": 1, "stride_w": 4, "padding": "VALID", "dilation_w_factor": 2}, True, False),
    ],
)
def test_strides(attributes: dict[str, int | str], beyond_valid: bool, taken: bool) -> None:
    assert (why("strides_at_most", op(**attributes), most=3, beyond_valid=beyond_valid) == "") == taken


def test_windows_of_pools_and_of_weights() -> None:
    pool = op("AVERAGE_POOL_2D", filter_height=9, filter_width=8, padding="SAME")
    assert "9 high" in why("window_at_most", pool, height=8, width=8)
    assert why("window_at_most", pool, padding="VALID", height=8) == ""
    assert "more than 71 elements" in why("window_at_most", pool, area=71)
    convolution = op(inputs=[tensor(1, 8, 8, 4), weights(4, 3, 5, 4)], dilation_w_factor=2)
    assert "5 wide" in why("window_at_most", convolution, width=4)
    assert "9 wide" in why("window_at_most", convolution, width=8, dilated=True)
    assert why("window_at_most", convolution, area=15, height=3, width=5) == ""


def test_transposed_convolutions_make_what_their_padding_gives() -> None:
    def transposed(size: int, made: int, kernel: int, stride: int, padding: str) -> str:
        inputs = [constant(1, made, made, 4), weights(4, kernel, kernel, 8), tensor(1, size, size, 8)]
        facts = op(
            "TRANSPOSE_CONV", inputs, [tensor(1, made, made, 4)], stride_h=stride, stride_w=stride, padding=padding
        )
        return why("transposed_convolution", facts)

    assert transposed(8, 16, 2, 2, "VALID") == ""
    assert transposed(8, 18, 4, 2, "VALID") == ""
    assert transposed(8, 16, 4, 2, "SAME") == ""
    assert "its padding gives 16" in transposed(8, 17, 4, 2, "SAME")
    assert "stride is 3 x 3" in transposed(8, 24, 3, 3, "SAME")


def test_a_stride_of_2_along_one_axis_needs_the_other_to_be_1() -> None:
    inputs = [constant(1, 1, 16, 4), weights(4, 1, 2, 8), tensor(1, 1, 8, 8)]
    facts = op("TRANSPOSE_CONV", inputs, [tensor(1, 1, 16, 4)], stride_h=1, stride_w=2, padding="SAME")
    assert why("transposed_convolution", facts) == ""
    inputs[2] = tensor(1, 2, 8, 8)
    facts = op("TRANSPOSE_CONV", inputs, [tensor(1, 2, 16, 4)], stride_h=1, stride_w=2, padding="SAME")
    assert "1 x 2" in why("transposed_convolution", facts)
    assert why("transposed_convolution", facts, strided=False) == ""


def test_a_kernel_shorter_than_its_stride() -> None:
    inputs = [constant(1, 48, 48, 4), weights(4, 2, 2, 8), tensor(1, 16, 16, 8)]
    assert "longer than its kernel" in why("kernel_covers_stride", op("TRANSPOSE_CONV", inputs, stride_h=3, stride_w=3))
    assert why("kernel_covers_stride", op("TRANSPOSE_CONV", inputs, stride_h=2, stride_w=2)) == ""
