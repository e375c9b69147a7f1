import re
import tomllib
from pathlib import Path

import pytest

from portproof.cli.group import Commands
from portproof.device_profiles.codes import EXIT_STATUS

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def test_the_readme_opens_with_what_it_is_and_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text.index("Port it, prove it") < text.index("make demo") < text.index("make test") < text.index("## ")


def test_ci_runs_the_readmes_test_command() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert script[-1] == "exec make test"


def test_the_readme_tells_every_command_and_exit_status() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    names = Commands("app").list_commands(None)  # type: ignore[arg-type]
    assert [name for name in names if f"`portproof {name}" not in text] == []
    rows = {int(match) for match in re.findall(r"^\| (\d+) \|", text, re.MULTILINE)}
    assert rows == set(EXIT_STATUS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_a_page_names_exist(page: Path) -> None:
    folders = "exporter|runtimes|device_profiles|calibration|cli|tests|docs"
    named = re.findall(rf"`((?:{folders})/[\w./-]+\.\w+|\w+\.md)`", page.read_text(encoding="utf-8"))
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (ROOT / "docs" / "decisions" / "0003-dependencies.md").read_text(encoding="utf-8")
    names = [re.split(r"[<>=]", requirement)[0] for requirement in project["dependencies"]]
    assert [name for name in names if name not in text] == []


def test_every_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    # Nobody needs a cluster to build or test this: its packages are the caller's.
    groups = [rows for name, rows in project["optional-dependencies"].items() if name != "cluster"]
    extras = [row for rows in groups for row in rows if "==" not in row]
    lock = (ROOT / "requirements.lock").read_text() + (ROOT / "requirements-demo.lock").read_text()
    pinned = {line.partition("==")[0].lower().replace("_", "-") for line in lock.splitlines() if "==" in line}
    wanted = {re.split(r"[<>=]", row)[0].lower() for row in [*project["dependencies"], *extras]}
    assert wanted - pinned == set()
