"""onnx_ir without sympy: in processes of their own, as what is imported here stays imported."""

import subprocess
import sys


def run(code: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip().splitlines()


ARITHMETIC = """
n = ir.SymbolicDim('n')
print(n + 1, (n * 2) // 2, ir.SymbolicDim('Max(n, 3)').evaluate({'n': 7}))
"""


def test_sympy_is_loaded_only_when_sizes_are_computed_with() -> None:
    loaded = "print('sympy.core' in sys.modules)\n"
    light = run("import sys, portproof.exporter, onnx_ir as ir\n" + loaded + ARITHMETIC + loaded)
    assert light[0] == "False"
    assert light[-1] == "True"
    # When this fails because onnx_ir alone loads no sympy, the module under test can go.
    assert run("import sys, onnx_ir as ir\n" + loaded + ARITHMETIC) == ["True", *light[1:-1]]


def test_the_name_is_free_again_for_the_real_module() -> None:
    code = (
        "import portproof.exporter, onnx_ir as ir\n"
        "from sympy.core import Symbol\n"
        "import sympy\n"
        "print(sympy.Symbol is Symbol, ir.SymbolicDim(sympy.Symbol('k') + 1).value)"
    )
    assert run(code) == ["True k + 1"]


def test_what_is_loaded_before_is_used() -> None:
    code = (
        "import sympy, portproof.exporter, onnx_ir._core, sys\n"
        "before = list(sys.meta_path)\n"
        "portproof.exporter.light_onnx_ir.install()\n"
        "print(onnx_ir._core.sympy is sympy, sys.meta_path == before)"
    )
    assert run(code) == ["True True"]


def test_stand_in_passes_on_what_else_is_asked_of_it() -> None:
    code = (
        "from portproof.exporter.light_onnx_ir import _stand_in\n"
        "with _stand_in():\n"
        "    import sympy\n"
        "print(sympy.Max(2, 3), sympy.Integer(4))"
    )
    assert run(code) == ["3 4"]
