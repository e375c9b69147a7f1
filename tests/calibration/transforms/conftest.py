import sys
from pathlib import Path

# The helper of the tests of rounding (fake_quant) is a plain module: importlib mode puts no folder on the path.
sys.path.insert(0, str(Path(__file__).parents[1] / "rounding"))
