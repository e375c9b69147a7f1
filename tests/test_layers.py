import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
FOLDERS = ("exporter", "runtimes", "device_profiles", "calibration", "cli")
SCHEMA = "ai_edge_litert.schema_py_generated"
PIPED = ("client.py", "wire.py", "worker.py")


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
            yield str(node.module)


def test_each_layer_imports_only_those_below() -> None:
    script = Path(sys.executable).with_name("lint-imports")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / ".importroot")}
    child = subprocess.run(
        [str(script), "--no-cache"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert child.returncode == 0, child.stdout


def test_the_flatbuffer_schema_is_imported_in_one_module_only() -> None:
    users = [path.relative_to(ROOT).as_posix() for path, tree in modules() if SCHEMA in set(imported(tree))]
    assert users == ["runtimes/tflite_schema.py"]


def test_no_file_is_longer_than_400_lines() -> None:
    long = [path for path, _ in modules() if len(path.read_text(encoding="utf-8").splitlines()) > 400]
    assert long == []


def test_no_user_error_is_an_assert() -> None:
    """An assert may only help the type checker, with a reason beside it."""
    for path, tree in modules():
        lines = path.read_text(encoding="utf-8").splitlines()
        for node in ast.walk(tree):
            if isinstance(node, ast.Assert):
                assert "noqa: S101" in "".join(lines[node.lineno - 1 : node.end_lineno]), f"{path}:{node.lineno}"


def test_nothing_talks_to_the_network() -> None:
    banned = {"urllib.request", "http.client", "requests", "httpx", "ftplib", "ssl", "asyncio"}
    users = [(path.name, name) for path, tree in modules() for name in imported(tree) if name in banned]
    # Core AI's runtime, which runs in this process, has coroutines for an interface: an event loop, and no socket.
    assert users == [("coreai_adapter.py", "asyncio")]


def test_sockets_lead_to_child_processes_only() -> None:
    """A pair of ends, and the end that a child inherits: no address, no connection."""
    for path, tree in modules():
        used = {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "socket"
        }
        assert used <= {"socketpair", "socket"}, path
        called = [
            node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "socket.socket"
        ]
        assert all([keyword.arg for keyword in node.keywords] == ["fileno"] for node in called), path
