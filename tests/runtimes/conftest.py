import sys
from pathlib import Path

# The helpers beside the tests (tflite_files) are plain modules: importlib mode puts no folder on the path.
sys.path.insert(0, str(Path(__file__).parent))
