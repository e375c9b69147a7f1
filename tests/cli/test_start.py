import os
import subprocess
import sys

from tests.cli.test_main import python


def test_help_is_light() -> None:
    """A count of modules stands for the time, which a test must not depend on: 0.3 s is some 600 modules."""
    code = "import sys; from portproof.cli.main import run; run(['--help']); print(len(sys.modules), file=sys.stderr)"
    assert int(python(code).stderr) < 500


def test_the_console_script_answers() -> None:
    script = os.path.join(os.path.dirname(sys.executable), "portproof")
    child = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert child.stdout.startswith("portproof 0.")
