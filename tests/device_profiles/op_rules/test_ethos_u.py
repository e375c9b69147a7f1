"""Limits of Ethos-U."""

import pytest
from tests.device_profiles.op_rules.make import IMAGE, constant, op, tensor, why


@pytest.mark.parametrize(
    ("shape", "axes", "text"),
    [
        ((1, 16, 16, 8), (1, 2), ""),
        ((1, 16, 16, 8), (-3, -2), ""),
        ((2, 16, 16, 8), (1, 2), "its batch is 2"),
        ((1, 16, 16, 8), (3,), "over channels"),
        ((1, 1, 16, 8), (3,), ""),
        ((1, 4096, 1, 8), (1,), "4096 elements or more"),
    ],
)
def test_means(shape: tuple[int, ...], axes: tuple[int, ...], text: str) -> None:
    found = why("ethos_u_mean", op("MEAN", [tensor(*shape), constant(*axes)]))
    assert (text in found) if text else not found


def test_means_of_too_many_elements_by_type() -> None:
    inputs = [tensor(1, 400, 400, 8, dtype="int16"), constant(1, 2)]
    assert "160000 elements" in why("ethos_u_mean", op("MEAN", inputs))
    assert why("ethos_u_mean", op("MEAN", [tensor(1, 400, 400, 8), constant(1, 2)])) == ""


@pytest.mark.parametrize(
    ("made", "attributes", "text"),
    [
        ((32, 32), {}, ""),
        ((64, 64), {}, ""),
        ((64, 64), {"half_pixel_centers": 1}, "scales by 4, it takes 2"),
        ((48, 48), {}, "scales by 3"),
        ((32, 64), {}, "height by 2 and width by 4"),
        ((31, 31), {"align_corners": 1}, ""),
        ((16, 16), {}, ""),
    ],
)
def test_resizes_of_u55(made: tuple[int, int], attributes: dict[str, int], text: str) -> None:
    facts = op("RESIZE_BILINEAR", outputs=[tensor(1, *made, 8)], **attributes)
    found = why("ethos_u_resize", facts, factors=[2, 4, 8], half_pixel=[2])
    assert (text in found) if text else not found


def test_one_pixel_is_resized_to_any_size() -> None:
    facts = op("RESIZE_BILINEAR", [tensor(1, 1, 1, 8)], [tensor(1, 7, 5, 8)])
    assert why("ethos_u_resize", facts, factors=[2]) == ""


def test_resizes_of_u85() -> None:
    facts = op("RESIZE_BILINEAR", outputs=[tensor(1, 48, 48, 8)])
    assert "no power of two" in why("ethos_u85_resize", facts, power_of_two=True)
    assert why("ethos_u85_resize", facts) == ""
    assert "scales by 2048" in why("ethos_u85_resize", op("R", [tensor(1, 1, 1, 1)], [tensor(1, 2048, 1, 1)]))
    both = op("R", outputs=[tensor(1, 32, 32, 8)], align_corners=1, half_pixel_centers=1)
    assert "exclude" in why("ethos_u85_resize", both)


def test_softmax_of_too_many_rows() -> None:
    assert "65536 rows" in why("ethos_u_softmax", op("SOFTMAX", [tensor(1, 256, 256, 4)]))
    assert why("ethos_u_softmax", op("SOFTMAX")) == ""


def test_arg_max_along_channels() -> None:
    def found(axis: int, channels: int = 8) -> str:
        return why("depth_axis", op("ARG_MAX", [tensor(1, 4, 4, channels), constant(axis)]), most=127)

    assert (found(3), found(-1)) == ("", "")
    assert "another axis" in found(1)
    assert "128 channels" in found(3, 128)


def test_same_shapes() -> None:
    assert why("same_shapes", op()) == ""
    assert "one shape" in why("same_shapes", op(outputs=[tensor(1, 8, 8, 8)]))


def test_strided_slices_step_along_height_and_width() -> None:
    def found(*steps: int) -> str:
        inputs = [tensor(*IMAGE), constant(0, 0, 0, 0), constant(*IMAGE), constant(*steps)]
        return why("ethos_u_strided_slice", op("STRIDED_SLICE", inputs))

    assert found(1, 2, 2, 1) == ""
    assert "axis 3" in found(1, 1, 1, 2)
    assert "backwards" in found(1, -1, 1, 1)


def test_gather_and_what_is_never_taken() -> None:
    assert why("gather_axis_is_batch", op("GATHER", axis=1, batch_dims=1)) == ""
    assert "axis 1 with 0" in why("gather_axis_is_batch", op("GATHER", axis=1))
    assert why("never", op(), why="no such thing") == "no such thing"


@pytest.mark.parametrize(
    ("shape", "perm", "taken"),
    [
        ((1, 16, 16, 8), (0, 3, 1, 2), True),
        ((1, 500, 1, 6, 64), (2, 0, 3, 1, 4), False),
        ((1, 50, 1, 6, 64), (2, 0, 3, 1, 4), True),
        ((1, 1, 500, 6, 64), (0, 1, 3, 2, 4), True),
        ((4, 300, 300, 8), (1, 0, 2, 3), False),
        ((4, 300, 300, 8), (0, 1, 2, 3), True),
    ],
)
def test_transposes(shape: tuple[int, ...], perm: tuple[int, ...], taken: bool) -> None:
    facts = op("TRANSPOSE", [tensor(*shape), constant(*perm)])
    assert (why("ethos_u_transpose", facts) == "") == taken


def test_transposes_of_int32() -> None:
    x = tensor(1, 2, 3, 4, 5, dtype="int32", scale=0)
    assert "5 axes of int32" in why("ethos_u_transpose", op("TRANSPOSE", [x, constant(0, 2, 1, 3, 4)]))
