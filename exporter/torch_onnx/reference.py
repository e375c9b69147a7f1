"""The torch module as a function of named numpy arrays: what everything written is compared with."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from portproof.exporter.torch_onnx.example import Example

if TYPE_CHECKING:
    import torch

Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True, kw_only=True)
class Reference:
    """Calls the module, in evaluation mode and without gradients.

    Attributes:
        module: what to call.
        example: gives the nesting of the arguments, and the devices and dtypes of the tensors.
        input_names: names of the tensors of the arguments, in order.
        output_names: names of the tensors of the result, in order.
    """

    module: Any
    example: Example
    input_names: Sequence[str]
    output_names: Sequence[str]

    def __call__(self, inputs: Mapping[str, NDArray[Any]]) -> Arrays:
        """The outputs by name for inputs by name; shapes and dtypes are the example's."""
        import torch

        tensors = [torch.from_numpy(np.array(inputs[name])) for name in self.input_names]
        values = run(self.module, self.example.with_leaves(tensors))
        arrays = [value.detach().cpu().numpy() for _, value in values]
        return dict(zip(self.output_names, arrays, strict=True))


def run(module: Any, example: Example) -> "list[tuple[tuple[Any, ...], torch.Tensor]]":
    """Call a module and give the tensors of its result, each with its path (keys and indices) in the result."""
    import torch

    with torch.no_grad(), _one_thread():
        # A module may write into its arguments; the example must outlive that.
        copy = example.with_leaves([leaf.clone() for leaf in example.leaves()])
        result = module(*copy.args, **copy.kwargs)
    flat, _ = torch.utils._pytree.tree_flatten_with_path(result)
    return [(tuple(_key(k) for k in path), leaf) for path, leaf in flat if leaf is not None]


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Sums in one order on every machine; and two threads that wait for each other cost more than they give."""
    import torch

    count = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(count)


def names_of(paths: Sequence[tuple[Any, ...]], taken: Sequence[str]) -> list[str]:
    """Names for outputs: the keys of a dict (or the fields of a dataclass) joined by dots, else ``output_<n>``.

    They depend on the module's own result only, not on the exporter's version. A name that an input has already
    gets ``_out`` appended.
    """
    named = all(path and isinstance(path[0], str) for path in paths)
    names = [".".join(map(str, path)) if named else f"output_{n}" for n, path in enumerate(paths)]
    return [name if name not in taken else f"{name}_out" for name in names]


def _key(entry: Any) -> Any:
    """The key, index or field name in an entry of a pytree path."""
    for attribute in ("key", "idx", "name"):
        if hasattr(entry, attribute):
            return getattr(entry, attribute)
    return str(entry)
