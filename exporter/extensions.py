"""Compiled modules of installed packages, without the packages around them.

`import onnxsim` runs some two hundred modules, sympy and onnx_ir among them, before it can call the one function that
is wanted here: 1.5 s of CPU, where the compiled module alone takes 5 ms.
"""

import importlib.machinery
import importlib.util
import sys
from types import ModuleType


def extension(package: str, name: str) -> ModuleType:
    """The compiled module `name` of `package`, whose ``__init__`` is not run.

    A later ``import`` of the package takes the module from here: such modules cannot be loaded twice.

    Raises:
        ImportError: the package is not installed, or has no such compiled module.
    """
    full = f"{package}.{name}"
    if full in sys.modules:
        return sys.modules[full]
    spec = _find(package, full)
    if spec is None or not isinstance(spec.loader, importlib.machinery.ExtensionFileLoader):
        raise ImportError(f"{package} has no compiled module {name}", name=full)
    module = importlib.util.module_from_spec(spec)
    sys.modules[full] = module
    spec.loader.exec_module(module)
    return module


def _find(package: str, full: str) -> importlib.machinery.ModuleSpec | None:
    outer = importlib.util.find_spec(package)
    folders = outer.submodule_search_locations if outer is not None else None
    return importlib.machinery.PathFinder.find_spec(full, list(folders)) if folders else None
