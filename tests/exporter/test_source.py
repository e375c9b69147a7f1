import os
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import onnx
import pytest

from portproof.device_profiles.errors import PortproofError
from portproof.exporter import onnx_io, source
from portproof.exporter.source import Source

NET = """
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)
            self.norm = nn.BatchNorm2d(4)

        def forward(self, image):
            return {"score": self.norm(self.conv(image))}

    def build():
        print("building")
        torch.manual_seed(0)
        return Net(), torch.randn(1, 3, 8, 8)

    def bare(): return Net()
    def weights(): return Net().state_dict()
    def number(): return 3
    def triple(): return Net(), 1, 2
    def broken():
        size = 1 / 0
        return size
    constant = 5
    class Nested:
        make = staticmethod(build)
"""


@pytest.fixture
def net(tmp_path: Path) -> str:
    (tmp_path / "net.py").write_text(textwrap.dedent(NET))
    return str(tmp_path / "net.py")


@pytest.fixture(autouse=True)
def _clean_imports():
    names = ("net", "netpkg", "netpkg.models")  # other tests load files of the same name
    path, before = list(sys.path), {name: sys.modules.pop(name) for name in names if name in sys.modules}
    yield
    sys.path[:] = path
    for name in names:
        sys.modules.pop(name, None)
    sys.modules.update(before)


def refusal(model: str, **options: object) -> PortproofError:
    with pytest.raises(PortproofError) as caught:
        source.load(model, **options)
    return caught.value


def check(loaded: Source) -> None:
    assert loaded.input_names == ("image",)
    assert loaded.output_names == ("score",)
    assert loaded.reference is not None
    assert loaded.reference({"image": np.zeros((1, 3, 8, 8), "f4")})["score"].shape == (1, 4, 6, 6)


def test_a_file_and_its_factory(net, capfd):
    loaded = source.load(f"{net}:build")
    check(loaded)
    assert loaded.name == "net"
    assert loaded.example["image"].shape == (1, 3, 8, 8)
    assert capfd.readouterr().out == ""
    assert "building" in loaded.log


def test_a_factory_inside_a_class(net):
    check(source.load(f"{net}:Nested.make"))


def test_a_module_of_the_working_directory(tmp_path, monkeypatch, net):
    package = tmp_path / "netpkg"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "models.py").write_text("from net import build\n")
    monkeypatch.chdir(tmp_path)
    loaded = source.load("netpkg.models:build")
    check(loaded)
    assert loaded.name == "models"


def test_declared_inputs_make_an_example(net):
    loaded = source.load(f"{net}:bare", inputs=["image=1x3x10x10:float32"])
    assert loaded.example["image"].shape == (1, 3, 10, 10)


def test_declared_inputs_override_the_example(net):
    assert source.load(f"{net}:build", inputs=["image=2x3x9x9"]).example["image"].shape == (2, 3, 9, 9)


def test_a_declared_input_that_forward_does_not_have(net):
    error = refusal(f"{net}:build", inputs=["imag=1x3x8x8"])
    assert error.code == "E-USAGE"
    assert "image" in error.messages[0].hint


def test_the_users_own_sizes_are_kept_where_torch_needs_others(net):
    loaded = source.load(f"{net}:build", inputs=["image=Nx3xHxW"])
    assert loaded.usual == {"N": 1, "H": 8, "W": 8}
    sizes = loaded.example["image"].shape
    assert sizes[2] != sizes[3]
    assert sizes[0] > 1


def test_a_size_declared_by_name_stays_dynamic(net):
    loaded = source.load(f"{net}:build", inputs=["image=N:1..4x3x8x8"])
    assert str(loaded.model.graph.inputs[0].shape) == "[N,3,8,8]"
    assert [str(dim) for dim in loaded.dims] == ["N:1..4"]


@pytest.mark.parametrize(
    ("factory", "code", "said"),
    [
        ("bare", "E-MODEL-SHAPE", "--input NAME"),
        ("weights", "E-MODEL-FACTORY", "load_state_dict"),
        ("number", "E-MODEL-FACTORY", "gave a int"),
        ("triple", "E-MODEL-FACTORY", "tuple of 3"),
        ("broken", "E-MODEL-FACTORY", "net.py:24 in broken"),
        ("buidl", "E-MODEL-FACTORY", "Did you mean build"),
        ("constant", "E-MODEL-FACTORY", "is a int"),
    ],
)
def test_factories_that_do_not_work(net, factory, code, said):
    error = refusal(f"{net}:{factory}")
    assert error.code == code
    assert said in str(error)


@pytest.mark.parametrize("code", ["raise ValueError('no')", "def broken(:"])
def test_a_file_that_cannot_be_imported(tmp_path, code):
    (tmp_path / "net.py").write_text(code)
    error = refusal(f"{tmp_path}/net.py:build")
    assert error.code == "E-MODEL-FACTORY"
    assert "Error" in error.messages[0].why


def test_a_file_that_needs_an_absent_module(tmp_path):
    (tmp_path / "net.py").write_text("import module_that_is_not_there\n")
    error = refusal(f"{tmp_path}/net.py:build")
    assert error.code == "E-MODEL-FACTORY"
    assert error.messages[0].where == "net.py:1 in <module>"


@pytest.mark.parametrize("model", ["absent.onnx", "absent.py:build", "absent_module:build", "absent.pt2"])
def test_what_does_not_exist(tmp_path, monkeypatch, model):
    monkeypatch.chdir(tmp_path)
    assert refusal(model).code == "E-FILE-MISSING"


def test_a_python_file_without_a_factory(net):
    error = refusal(net)
    assert error.code == "E-USAGE"
    assert "net.py:factory" in error.messages[0].hint


def test_an_onnx_file_is_taken_as_it_is(tmp_path):
    text = '<ir_version: 10, opset_import: ["" : 18]>\ng (float[N,4] x) => (float[N,4] y) { y = Relu(x) }'
    (tmp_path / "m.onnx").write_bytes(onnx.parser.parse_model(text).SerializeToString())
    loaded = source.load(str(tmp_path / "m.onnx"), inputs=["x=2x4"])
    assert loaded.reference is None
    assert loaded.model.graph.opset_imports == {"": 18}
    assert refusal(str(tmp_path / "m.onnx")).code == "E-MODEL-SHAPE"


def test_without_torch_the_extra_is_named(net, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    error = refusal(f"{net}:build")
    assert error.code == "E-INSTALL"
    assert "portproof[torch]" in error.messages[0].hint


def test_an_onnx_file_needs_no_torch(tmp_path):
    text = '<ir_version: 10, opset_import: ["" : 18]>\ng (float[2] x) => (float[2] y) { y = Relu(x) }'
    (tmp_path / "m.onnx").write_bytes(onnx.parser.parse_model(text).SerializeToString())
    program = (
        "import sys; from portproof.exporter import source; source.load(sys.argv[1]); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "m.onnx")], check=True)


def test_the_bytes_do_not_depend_on_the_process_or_the_folder(tmp_path):
    program = (
        "import sys; from portproof.exporter import onnx_io, source;"
        "onnx_io.save(source.load(sys.argv[1]).model, sys.argv[2])"
    )
    for seed in ("1", "2"):
        folder = tmp_path / f"folder {seed}"
        folder.mkdir()
        (folder / "net.py").write_text(textwrap.dedent(NET))
        command = [sys.executable, "-c", program, f"{folder}/net.py:build", f"{tmp_path}/{seed}.onnx"]
        subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, check=True)
    assert (tmp_path / "1.onnx").read_bytes() == (tmp_path / "2.onnx").read_bytes()
    assert onnx_io.load(tmp_path / "1.onnx")


def test_what_a_factory_offers_by_name() -> None:
    import torch

    from portproof.exporter.source_torch import module_functions

    one, two = torch.nn.ReLU(), torch.nn.Tanh()
    x = (torch.zeros(1),)
    assert module_functions({"a": (one, x), "b": two}, None, "f") == {"a": (one, x), "b": (two, None)}
    assert module_functions(one, x, "f") == {"serving_default": (one, x)}
    for other in ({"weight": torch.zeros(1)}, {}, {"a": (one,)}):
        assert module_functions(other, None, "f") == {"serving_default": (other, None)}
    with pytest.raises(PortproofError, match="offers functions that cannot be named so: 'en code', 3") as caught:
        module_functions({"en code": one, 3: two}, None, "f")
    assert caught.value.code == "E-MODEL-FACTORY"
