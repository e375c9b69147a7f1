import os
import sys
from pathlib import Path

# The helpers beside the tests (mil) are plain modules: importlib mode puts no folder on the path.
sys.path.insert(0, str(Path(__file__).parent))
os.environ.setdefault("OMP_NUM_THREADS", "1")
