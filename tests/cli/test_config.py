import os
from pathlib import Path
from typing import Any

import click
import pytest

from portproof.cli import config
from portproof.device_profiles.errors import PortproofError


@click.group(context_settings={"auto_envvar_prefix": "PORTPROOF"})
@click.pass_context
def app(ctx: click.Context) -> None:
    command = ctx.command
    assert isinstance(command, click.Group)
    ctx.default_map = config.read_defaults(command, ctx)


@app.command("export")
@click.option("--seed", type=int, default=0)
@click.option("-t", "--target", multiple=True)
@click.option("--io-layout", type=click.Choice(["auto", "keep"]), default="auto")
@click.option("--json", "as_json", is_flag=True)
def export(**values: Any) -> dict[str, Any]:
    return values


@app.command("bench")
@click.option("--seed", type=int, default=0)
def bench(seed: int) -> int:
    return seed


def run(*words: str) -> Any:
    return app.main(list(words), standalone_mode=False)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused() -> list[str]:
    with pytest.raises(PortproofError) as caught:
        run("export")
    assert {message.code for message in caught.value.messages} == {"E-CONFIG"}
    return [message.what for message in caught.value.messages]


def test_without_a_file_the_defaults_stand() -> None:
    assert run("export")["seed"] == 0


def test_pyproject_and_a_table_of_the_command(folder: Path) -> None:
    (folder / "pyproject.toml").write_text(
        '[tool.portproof]\nseed = 3\n[tool.portproof.export]\nio-layout = "keep"\ntarget = ["a", "b"]'
    )
    assert run("export") == {"seed": 3, "target": ("a", "b"), "io_layout": "keep", "as_json": False}
    assert run("bench") == 3


def test_a_lone_value_is_a_list_of_one(folder: Path) -> None:
    (folder / "portproof.toml").write_text('export.target = "tflite"')
    assert run("export")["target"] == ("tflite",)


def test_command_line_environment_file_default_in_this_order(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "portproof.toml").write_text("seed = 1")
    assert run("export")["seed"] == 1
    monkeypatch.setenv("PORTPROOF_EXPORT_SEED", "2")
    assert run("export")["seed"] == 2
    assert run("export", "--seed", "3")["seed"] == 3


def test_the_nearest_folder_upwards_counts_and_its_own_file_first(folder: Path) -> None:
    (folder / "portproof.toml").write_text("seed = 1")
    inner = folder / "a" / "b"
    inner.mkdir(parents=True)
    os.chdir(inner)
    (folder / "a" / "pyproject.toml").write_text("[tool.other]")
    assert run("bench") == 1
    (folder / "a" / "pyproject.toml").write_text("[tool.portproof]\nseed = 2")
    assert run("bench") == 2
    (folder / "a" / "portproof.toml").write_text("seed = 5")
    assert run("bench") == 5


def test_everything_wrong_is_told_at_once(folder: Path) -> None:
    (folder / "portproof.toml").write_text(
        'sed = 1\nseed = "many"\nbench = 3\n[export]\nio-layout = "nhwc"\njson = true'
    )
    found = refused()
    assert found[0] == "sed: no such option"
    assert any(what.startswith("seed: 'many' is not a valid integer") for what in found)
    assert any(what.startswith("io-layout: 'nhwc' is not one of") for what in found)
    assert "bench: must be a table of options" in found
    assert "export.json: no such option" in found
    assert len(found) == 5


def test_a_near_name_is_offered(folder: Path) -> None:
    (folder / "portproof.toml").write_text("sed = 1")
    with pytest.raises(PortproofError) as caught:
        run("export")
    assert caught.value.messages[0].hint == "did you mean seed?"


def test_a_file_that_is_not_toml(folder: Path) -> None:
    (folder / "portproof.toml").write_text("seed = ")
    assert refused()[0].startswith("not a TOML file")
