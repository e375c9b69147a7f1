import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import coreml_files as files
import pytest

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.coreml.faults import FaultError
from portproof.runtimes.coreml.manifest import locate

INNER = Path("Data/com.apple.CoreML")


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return files.save(tmp_path / "m.mlpackage", files.small_model())


def fault(path: Path) -> FaultError:
    with pytest.raises(FaultError) as caught:
        locate(path)
    return caught.value


def test_the_model_of_a_package(package: Path) -> None:
    found = locate(package)
    assert found.path.samefile(package / INNER / "model.mlmodel")
    assert found.folder == package / INNER
    assert found.package == package.resolve()


def test_a_file_is_its_own_model(package: Path) -> None:
    found = locate(package / INNER / "model.mlmodel")
    assert (found.path, found.folder) == (package / INNER / "model.mlmodel", package / INNER)


def test_a_linked_package_is_a_package(package: Path) -> None:
    (package.parent / "link").symlink_to(package)
    assert locate(package.parent / "link").path.is_file()


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(PortproofError) as caught:
        locate(tmp_path / "none")
    assert caught.value.code == "E-FILE-MISSING"


def _item(content: Any) -> Callable[[Any], None]:
    return lambda manifest: manifest["itemInfoEntries"].update(A=content)


def _path(content: Any) -> Callable[[Any], None]:
    return lambda manifest: manifest["itemInfoEntries"]["A"].update(path=content)


@pytest.mark.parametrize(
    ("spoil", "code", "reason"),
    [
        (lambda m: m.update(fileFormatVersion="2.0.0"), "E-MODEL-UNSUPPORTED", "format version 2.0.0"),
        (lambda m: m.pop("fileFormatVersion"), "E-MODEL-UNSUPPORTED", "format version None"),
        (lambda m: m.pop("rootModelIdentifier"), "E-MODEL-FORMAT", "which item is the model"),
        (lambda m: m.update(rootModelIdentifier="C"), "E-MODEL-FORMAT", "which item is the model"),
        (lambda m: m.update(rootModelIdentifier=["A", "B"]), "E-MODEL-FORMAT", "which item is the model"),
        (lambda m: m.update(itemInfoEntries=[]), "E-MODEL-FORMAT", "which item is the model"),
        (_item("model.mlmodel"), "E-MODEL-FORMAT", "an item without a path"),
        (_item({}), "E-MODEL-FORMAT", "an item without a path"),
        (_path(7), "E-MODEL-FORMAT", "an item without a path"),
        (_path(""), "E-MODEL-FORMAT", "not inside of the package"),
        (_path("/etc/passwd"), "E-MODEL-FORMAT", "not inside of the package"),
        (_path("../../m.mlmodel"), "E-MODEL-FORMAT", "not inside of the package"),
        (_path("a\0b"), "E-MODEL-FORMAT", "not inside of the package"),
        (lambda m: m["itemInfoEntries"]["B"].update(path="/"), "E-MODEL-FORMAT", "not inside of the package"),
        (_path("none"), "E-MODEL-EXTERNAL", "the model file is not there"),
        (_path("com.apple.CoreML"), "E-MODEL-EXTERNAL", "the model file is not a file"),
        (_path("x" * 300), "E-MODEL-EXTERNAL", "the model file is not there"),
    ],
)
def test_manifests_that_are_refused(package: Path, spoil: Callable[[Any], None], code: str, reason: str) -> None:
    manifest = files.manifest()
    spoil(manifest)
    (package / "Manifest.json").write_text(json.dumps(manifest))
    found = fault(package)
    assert (found.code, reason in found.why) == (code, True), found.why


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not readable JSON"),
        (b"{", "not readable JSON"),
        (b"\xff\xfe\xfa", "not readable JSON"),
        (b"[" * 200_000, "not readable JSON"),
        (b"[]", "not a JSON object"),
        (b'{"a": 1, "a": 2}', "not readable JSON"),
        (b'{"a": %s}' % (b"9" * 5000), "not readable JSON"),
        (b" " * 2_000_000, "more than 1048576 bytes"),
    ],
)
def test_what_is_no_manifest(package: Path, content: bytes, reason: str) -> None:
    (package / "Manifest.json").write_bytes(content)
    assert reason in fault(package).why


def test_links_out_of_the_package(package: Path, tmp_path: Path) -> None:
    model = package / INNER / "model.mlmodel"
    model.rename(tmp_path / "elsewhere")
    model.symlink_to(tmp_path / "elsewhere")
    found = fault(package)
    assert (found.code, "cp -rL" in found.hint) == ("E-MODEL-EXTERNAL", True)
    (package / "Manifest.json").unlink()
    (package / "Manifest.json").symlink_to("/etc/hostname")
    assert "leads out of the package" in fault(package).why


def test_folders_that_are_no_package(tmp_path: Path) -> None:
    assert "without Manifest.json" in fault(tmp_path).why
    os.mkfifo(tmp_path / "Manifest.json")
    assert "without Manifest.json" in fault(tmp_path).why
    (tmp_path / "model.mil").touch()
    found = fault(tmp_path)
    assert (found.code, "compiled" in found.why) == ("E-MODEL-UNSUPPORTED", True)
