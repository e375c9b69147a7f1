import sys
from pathlib import Path

# The helper beside the tests (fake_quant) is a plain module: importlib mode puts no folder on the path.
sys.path.insert(0, str(Path(__file__).parent))
