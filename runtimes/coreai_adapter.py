"""Core AI's own runtime behind the Runner protocol: Apple's kernels, of a beta, on the CPU of this machine."""

import asyncio
import importlib
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.base import BaseRunner, refused
from portproof.runtimes.options import RunOptions
from portproof.runtimes.spec import Array, TensorSpec

_NAME = "Core AI"
_DTYPES = {"bool8": "bool"}


def require_coreai() -> None:
    """Raises ``E-INSTALL`` when coreai-core is not there."""
    if find_spec("coreai") is None:
        raise PortproofError(
            "E-INSTALL",
            "Core AI needs coreai-core, which is not installed",
            hint="pip install 'portproof[coreai]'",
        )


def import_runtime() -> None:
    """Load the runtime, for what wants to know its size or cost apart from a model's."""
    require_coreai()
    importlib.import_module("coreai.runtime")


def summary(path: Path) -> Any:
    """What an asset says of itself without being run: `coreai.runtime.AIModelAssetSummary`.

    Raises:
        PortproofError: ``E-INSTALL``; ``E-MODEL-FORMAT`` when it is no asset, or a damaged one.
    """
    require_coreai()
    from coreai.authoring import AIModelAsset

    try:
        found = AIModelAsset.load(path).summary()
    except Exception as error:
        raise _damaged(path, str(error)) from error
    if found is None:
        raise _damaged(path, "it holds no program")
    return found


def _damaged(path: Path, why: str) -> PortproofError:
    return PortproofError("E-MODEL-FORMAT", f"{path.name} is not a usable Core AI asset", where=str(path), why=why)


class CoreAIRunner(BaseRunner):
    """A function of an ``.aimodel``.

    Args:
        path: the asset.
        options: how to run it; its runtime chooses its threads by itself and has one set of kernels.
    """

    def __init__(self, path: Path, options: RunOptions) -> None:
        require_coreai()
        self._loop = asyncio.Runner()
        try:
            self._function = self._loop.run(self._open(path, options.signature))
            described = self._function.desc
            inputs = tuple(_spec(name, described.input_descriptor(name)) for name in described.input_names)
            outputs = tuple(_spec(name, described.output_descriptor(name)) for name in described.output_names)
        except PortproofError:
            self._loop.close()
            raise
        except Exception as error:
            self._loop.close()
            raise refused(path, _NAME, error, "load") from error
        super().__init__(path, inputs, outputs)

    async def _open(self, path: Path, signature: str) -> Any:
        from coreai.authoring import AIModelAsset

        self._executable = AIModelAsset.load(path).executable()
        model = await self._executable.__aenter__()
        names = list(model.function_names)
        wanted = signature or names[0]
        if wanted not in names:
            raise PortproofError(
                "E-RUN", f"{path.name} has no function {wanted}", where=str(path), hint=f"it has {', '.join(names)}"
            )
        return model.load_function(wanted)

    def close(self) -> None:
        """Free the model."""
        if self._function is not None:
            self._function = None
            self._loop.run(self._executable.__aexit__(None, None, None))
            self._loop.close()

    def run_unchecked(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run without the checks on what is fed: for callers that made sure, and for timing."""
        from coreai.runtime import NDArray

        if self._function is None:
            raise PortproofError("E-RUN", f"the runner of {self.path.name} is closed", where=str(self.path))
        fed = {name: NDArray(np.array(array, order="C")) for name, array in inputs.items()}
        try:
            results = self._loop.run(self._call(fed))
        except Exception as error:
            raise refused(self.path, _NAME, error, "run") from error
        return {spec.name: np.array(results[spec.name].numpy()) for spec in self.outputs}

    async def _call(self, fed: Mapping[str, Any]) -> Any:
        return await self._function(fed)


def _spec(name: str, found: Any) -> TensorSpec:
    dtype = str(found.dtype)
    return TensorSpec(name=name, shape=tuple(found.shape), dtype=_DTYPES.get(dtype, dtype))
