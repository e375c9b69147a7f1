import subprocess
import sys

import pytest

from portproof.exporter.extensions import extension


def test_loads_the_compiled_module_and_not_the_package() -> None:
    code = (
        "import sys\n"
        "from portproof.exporter.extensions import extension\n"
        "core = extension('onnx', 'onnx_cpp2py_export')\n"
        "print(core.checker.check_model_path is not None, 'onnx' in sys.modules, 'numpy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False", "False"]


def test_what_is_loaded_is_given_back() -> None:
    import onnx

    assert extension("onnx", "onnx_cpp2py_export") is sys.modules[onnx.checker.C.__name__.removesuffix(".checker")]


@pytest.mark.parametrize(
    ("package", "name"), [("no_such_package", "x"), ("onnx", "no_such_module"), ("onnx", "checker")]
)
def test_refuses_what_is_not_there_or_not_compiled(package: str, name: str) -> None:
    sys.modules.pop(f"{package}.{name}", None)
    with pytest.raises(ImportError, match=name):
        extension(package, name)
