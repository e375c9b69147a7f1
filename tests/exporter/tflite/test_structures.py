"""What the usual blocks of convolutional networks become: no transposes, everything fused, and the right numbers.

Sizes are equal on purpose: layout must never be guessed from them.
"""

import numpy as np
from tests.exporter.tflite.harness import check, model_of

from portproof.exporter.tflite.conversion import convert_model

RNG = np.random.default_rng(0)


def weights(**shapes: tuple[int, ...]) -> dict[str, np.ndarray]:
    return {name: RNG.standard_normal(shape).astype(np.float32) for name, shape in shapes.items()}


def run(text: str, shape: tuple[int, ...], expect: list[str], **constants: np.ndarray) -> None:
    """Checks the numbers in both I/O layouts, and the operators in the channels-last one."""
    model = model_of(f'<ir_version: 9, opset_import: ["" : 18]> g {text}', **constants)
    check(model, {"x": RNG.standard_normal(shape).astype(np.float32)}, rtol=1e-4, atol=1e-5)
    counts = convert_model(model, io_layout="auto").op_counts
    assert sorted(expect) == [name for name, count in counts.items() for _ in range(count)]


def test_convolutions_with_a_skip() -> None:
    run(
        """(float[1,4,4,4] x) => (float[1,4,4,4] y) {
            a = Conv <pads=[1,1,1,1]> (x, w)
            b = Relu (a)
            c = Conv <pads=[1,1,1,1]> (b, v)
            d = Add (c, x)
            y = Relu (d)
        }""",
        (1, 4, 4, 4),
        ["CONV_2D", "CONV_2D", "ADD"],
        **weights(w=(4, 4, 3, 3), v=(4, 4, 3, 3)),
    )


def test_squeeze_and_excite() -> None:
    run(
        """(float[1,4,4,4] x) => (float[1,4,4,4] y) {
            a = Conv (x, w)
            p = GlobalAveragePool (a)
            s = Conv (p, u)
            r = Relu (s)
            t = Conv (r, v)
            h = Sigmoid (t)
            m = Mul (a, h)
            y = Conv (m, w)
        }""",
        (1, 4, 4, 4),
        ["CONV_2D", "MEAN", "CONV_2D", "CONV_2D", "LOGISTIC", "MUL", "CONV_2D"],
        **weights(w=(4, 4, 1, 1), u=(2, 4, 1, 1), v=(4, 2, 1, 1)),
    )


def test_channel_shuffle_is_folded_into_the_weights_behind_it() -> None:
    constants = weights(w=(4, 4, 1, 1))
    constants |= {"five": np.array([1, 2, 2, 4, 4]), "four": np.array([1, 4, 4, 4])}
    run(
        """(float[1,4,4,4] x) => (float[1,4,4,4] y) {
            a = Conv (x, w)
            b = Reshape (a, five)
            c = Transpose <perm=[0,2,1,3,4]> (b)
            d = Reshape (c, four)
            y = Conv (d, w)
        }""",
        (1, 4, 4, 4),
        ["CONV_2D", "CONV_2D"],
        **constants,
    )


def test_flattening_in_front_of_a_matrix_takes_any_layout() -> None:
    run(
        """(float[2,4,4,4] x) => (float[2,5] y) {
            a = Conv (x, w)
            b = Relu (a)
            c = Flatten <axis=1> (b)
            y = Gemm <transB=1> (c, m, n)
        }""",
        (2, 4, 4, 4),
        ["CONV_2D", "FULLY_CONNECTED"],
        **weights(w=(4, 4, 1, 1), m=(5, 64), n=(5,)),
    )


def test_pooling_to_a_classifier() -> None:
    run(
        """(float[1,4,4,4] x) => (float[1,5] y) {
            a = Conv (x, w)
            p = GlobalAveragePool (a)
            f = Flatten <axis=1> (p)
            y = Gemm <transB=1> (f, m, n)
        }""",
        (1, 4, 4, 4),
        ["CONV_2D", "MEAN", "FULLY_CONNECTED"],
        **weights(w=(4, 4, 1, 1), m=(5, 4), n=(5,)),
    )


def test_convolutions_over_time() -> None:
    run(
        """(float[1,4,4] x) => (float[1,4,4] y) {
            a = Conv <pads=[1,1]> (x, w)
            b = Relu (a)
            c = Add (b, s)
            d = Conv <pads=[1,1]> (c, w)
            y = Tanh (d)
        }""",
        (1, 4, 4),
        ["TRANSPOSE", "RESHAPE", "CONV_2D", "ADD", "CONV_2D", "TANH", "RESHAPE", "TRANSPOSE"],
        **weights(w=(4, 4, 3), s=(4, 1)),
    )


def test_pixel_shuffle() -> None:
    run(
        """(float[1,4,4,4] x) => (float[1,1,8,8] y) {
            a = Conv (x, w)
            y = DepthToSpace <blocksize=2, mode="CRD"> (a)
        }""",
        (1, 4, 4, 4),
        ["CONV_2D", "DEPTH_TO_SPACE"],
        **weights(w=(4, 4, 1, 1)),
    )


def test_branches_that_join_on_channels() -> None:
    run(
        """(float[1,4,4,4] x) => (float[1,8,4,4] y) {
            a = Conv (x, w)
            b = MaxPool <kernel_shape=[3,3], pads=[1,1,1,1]> (a)
            c = Concat <axis=1> (a, b)
            d, e = Split <axis=1, num_outputs=2> (c)
            f = Concat <axis=-3> (e, d)
            y = Clip (f, low, high)
        }""",
        (1, 4, 4, 4),
        ["CONV_2D", "MAX_POOL_2D", "CONCATENATION", "SPLIT", "CONCATENATION", "RELU6"],
        low=np.array(0, np.float32),
        high=np.array(6, np.float32),
        **weights(w=(4, 4, 1, 1)),
    )


def test_detection_head_joins_scales_without_transposes_per_scale() -> None:
    constants = weights(w=(6, 4, 1, 1))
    constants["flat"] = np.array([1, 6, -1])
    run(
        """(float[1,4,4,4] x) => (float[1,6,20] y) {
            a = Conv (x, w)
            p = MaxPool <kernel_shape=[2,2], strides=[2,2]> (x)
            b = Conv (p, w)
            c = Reshape (a, flat)
            d = Reshape (b, flat)
            e = Concat <axis=2> (c, d)
            y = Sigmoid (e)
        }""",
        (1, 4, 4, 4),
        ["CONV_2D", "MAX_POOL_2D", "CONV_2D", "RESHAPE", "RESHAPE", "CONCATENATION", "LOGISTIC", "TRANSPOSE"],
        **constants,
    )


def test_attention_over_positions_transposes_once() -> None:
    constants = weights(w=(4, 4, 1, 1), m=(4, 4))
    constants["flat"] = np.array([1, 4, 16])
    run(
        """(float[1,4,4,4] x) => (float[1,16,4] y) {
            a = Conv (x, w)
            b = Reshape (a, flat)
            c = Transpose <perm=[0,2,1]> (b)
            d = MatMul (c, m)
            y = Softmax <axis=-1> (d)
        }""",
        (1, 4, 4, 4),
        ["CONV_2D", "RESHAPE", "FULLY_CONNECTED", "SOFTMAX"],
        **constants,
    )
