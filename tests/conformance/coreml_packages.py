"""Core ML packages as coremltools writes them: every deployment target, compression and kind of input."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import coremltools as ct
import coremltools.optimize.coreml as cto
import numpy as np
import torch
from coremltools.converters.mil import Builder as mb  # noqa: N813 - its customary name
from coremltools.converters.mil.mil import types

TARGETS = {15: ct.target.iOS15, 16: ct.target.iOS16, 17: ct.target.iOS17, 18: ct.target.iOS18}
ALL_BITS = (1, 2, 3, 4, 6, 8)

Named = Iterator[tuple[str, Any]]


def program(version: int) -> Any:
    """A convolution, integers, shapes."""
    weight = np.random.default_rng(0).standard_normal((32, 16, 3, 3)).astype(np.float32)

    @mb.program(input_specs=[mb.TensorSpec((1, 16, 8, 8))], opset_version=TARGETS[version])
    def made(x: Any) -> Any:
        y = mb.relu(x=mb.conv(x=x, weight=weight, pad_type="same", bias=np.arange(32).astype(np.float32)))
        y = mb.gather(x=y, indices=np.arange(32, dtype=np.int32)[::-1].copy(), axis=1)
        y = mb.transpose(x=y, perm=[0, 2, 3, 1])
        return mb.reduce_mean(x=y, axes=[1, 2], keep_dims=False), mb.reshape(x=y, shape=[1, -1])

    return made


def plain() -> Named:
    for version, target in TARGETS.items():
        yield f"half_{version}", ct.convert(program(version), minimum_deployment_target=target)
        single = ct.precision.FLOAT32
        made = ct.convert(program(version), minimum_deployment_target=target, compute_precision=single)
        yield f"single_{version}", made


def _config(kind: Any, **settings: Any) -> Any:
    return cto.OptimizationConfig(kind(weight_threshold=0, **settings))


def compressed() -> Named:
    for version in (16, 18):
        model = ct.convert(program(version), minimum_deployment_target=TARGETS[version])
        for bits in ALL_BITS if version == 18 else (1, 2, 4, 6, 8):
            config = _config(cto.OpPalettizerConfig, mode="uniform", nbits=bits)
            yield f"palette_{bits}_{version}", cto.palettize_weights(model, config)
        yield f"linear_{version}", cto.linear_quantize_weights(model, _config(cto.OpLinearQuantizerConfig))
        sparse = cto.prune_weights(model, _config(cto.OpMagnitudePrunerConfig, target_sparsity=0.7))
        yield f"sparse_{version}", sparse
    blocks = {"mode": "linear_symmetric", "dtype": "int4", "granularity": "per_block", "block_size": 8}
    yield "int4", cto.linear_quantize_weights(model, _config(cto.OpLinearQuantizerConfig, **blocks))
    unsigned = _config(cto.OpLinearQuantizerConfig, mode="linear", dtype="uint4")
    yield "uint4", cto.linear_quantize_weights(model, unsigned)
    groups = {"mode": "uniform", "nbits": 3, "granularity": "per_grouped_channel", "group_size": 4}
    yield "groups", cto.palettize_weights(model, _config(cto.OpPalettizerConfig, **groups))
    four = _config(cto.OpPalettizerConfig, mode="uniform", nbits=4)
    yield "sparse_palette", cto.palettize_weights(sparse, four, joint_compression=True)
    eight = _config(cto.OpLinearQuantizerConfig)
    yield "sparse_linear", cto.linear_quantize_weights(sparse, eight, joint_compression=True)


class _Net(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.linear = torch.nn.Conv2d(3, 8, 3, padding=1), torch.nn.Linear(8, 5)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.softmax(self.linear(self.conv(x).mean((2, 3))), -1)


class _Sum(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("total", torch.zeros(4, dtype=torch.float16))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.total.add_(x)
        return self.total * 2


def _traced(module: torch.nn.Module, *example: torch.Tensor) -> Any:
    return torch.jit.trace(module.eval(), example)


def interfaces() -> Named:
    net = _traced(_Net(), torch.zeros(1, 3, 16, 16))
    sizes = ct.EnumeratedShapes([(1, 3, 16, 16), (1, 3, 32, 16)])
    ranges = (1, 3, ct.RangeDim(8, 64, 16), ct.RangeDim(8, 100, 16))
    inputs = {
        "enumerated": ct.TensorType("x", shape=sizes),
        "ranged": ct.TensorType("x", shape=ranges),
        "default": ct.TensorType("x", shape=(1, 3, 16, 16), default_value=np.zeros((1, 3, 16, 16), np.float32)),
        "image": ct.ImageType("x", shape=(1, 3, 16, 16), scale=1 / 255, color_layout=ct.colorlayout.BGR),
        "image_enumerated": ct.ImageType("x", shape=sizes),
        "image_ranged": ct.ImageType("x", shape=ranges),
    }
    for name, kind in inputs.items():
        yield name, ct.convert(net, inputs=[kind], minimum_deployment_target=ct.target.iOS16)
    for name, labels in (("words", list("abcde")), ("numbers", [1, 2, 3, 4, 5])):
        config = ct.ClassifierConfig(labels)
        yield name, ct.convert(net, inputs=[inputs["image"]], classifier_config=config)
    one = _traced(torch.nn.Conv2d(3, 3, 1), torch.zeros(1, 3, 8, 8))
    photo, outputs = ct.ImageType("x", shape=(1, 3, ct.RangeDim(8, 16, 8), 8)), [ct.ImageType("y")]
    target = ct.target.iOS16
    yield "image_out", ct.convert(one, inputs=[photo], outputs=outputs, minimum_deployment_target=target)


def state() -> Named:
    half = ct.TensorType(shape=(4,), dtype=np.float16)
    made = ct.convert(
        _traced(_Sum(), torch.zeros(4, dtype=torch.float16)),
        inputs=[ct.TensorType("x", shape=(4,), dtype=np.float16)],
        outputs=[ct.TensorType("y", dtype=np.float16)],
        states=[ct.StateType(wrapped_type=half, name="total")],
        minimum_deployment_target=ct.target.iOS18,
    )
    yield "state", made


def _control(x: Any, n: Any) -> Any:
    def body(a: Any, i: Any) -> Any:
        large = mb.greater(x=i, y=2)
        grown = mb.cond(pred=large, _true_fn=lambda: mb.mul(x=a, y=2.0), _false_fn=lambda: mb.add(x=a, y=x))
        return grown, mb.add(x=i, y=1)

    a, i = mb.while_loop(_cond=lambda _, i: mb.less(x=i, y=mb.squeeze(x=n)), _body=body, loop_vars=(x, 0))
    made = mb.make_list(init_length=3, dtype="fp32", elem_shape=(2,), dynamic_length=True)
    made = mb.list_write(ls=made, index=0, value=a)
    return mb.list_read(ls=made, index=0), i


def _kinds(x: Any, k: Any) -> Any:
    """Constants of every type that stands in the model file."""
    scale, zero = np.float32(0.1), np.int8(3)
    y = mb.quantize(input=x, scale=scale, output_dtype="int8", zero_point=zero)
    y = mb.dequantize(input=y, scale=scale, zero_point=zero)
    y = mb.gather(x=y, indices=mb.const(val=np.array([1, 2, 3, 0], np.uint16)), axis=1)
    small = mb.cast(x=mb.const(val=np.array([1, 2, 3, 4], np.int8)), dtype="fp32")
    empty = mb.const(val=np.zeros((3, 0), np.float32))
    return mb.add(x=y, y=small), mb.concat(values=[empty, np.ones((3, 2), np.float32)], axis=1), mb.add(x=k, y=1)


def constructs() -> Named:
    one = mb.TensorSpec((1,), dtype=types.int32)
    control = mb.program(input_specs=[mb.TensorSpec((2,)), one], opset_version=ct.target.iOS15)(_control)
    yield "control", ct.convert(control, minimum_deployment_target=ct.target.iOS15)
    kinds = mb.program(input_specs=[mb.TensorSpec((1, 4)), one], opset_version=ct.target.iOS17)(_kinds)
    pipeline, single = ct.PassPipeline.EMPTY, ct.precision.FLOAT32
    settings = {"minimum_deployment_target": ct.target.iOS17, "compute_precision": single}
    yield "kinds", ct.convert(kinds, pass_pipeline=pipeline, **settings)


GROUPS: tuple[Callable[[], Named], ...] = (plain, compressed, interfaces, state, constructs)


def several_functions(folder: Path) -> Path:
    """Two functions of one weight file."""
    described = ct.utils.MultiFunctionDescriptor()
    for version, name in ((18, "one"), (17, "two")):
        source = str(folder / f"{name}.mlpackage")
        ct.convert(program(version), minimum_deployment_target=ct.target.iOS18).save(source)
        described.add_function(source, src_function_name="main", target_function_name=name)
    described.default_function_name = "two"
    ct.utils.save_multifunction(described, str(folder / "several.mlpackage"))
    return folder / "several.mlpackage"
