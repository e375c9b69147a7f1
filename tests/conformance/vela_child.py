"""Runs Vela on many files in one process: ``python vela_child.py FOLDER MODEL.tflite... -- OPTIONS``.

Prints ``### MODEL`` in front of what Vela prints of each; runs in an interpreter with ethos-u-vela. Nothing here
imports Portproof.
"""

import sys
import traceback


def main() -> None:
    """Compiles each file; one that fails is followed by its traceback."""
    from ethosu.vela import vela

    split = sys.argv.index("--")
    folder, *models = sys.argv[1:split]
    for model in models:
        print(f"\n### {model}", flush=True)
        try:
            vela.main([model, "--output-dir", folder, *sys.argv[split + 1 :]])
        except (Exception, SystemExit):
            traceback.print_exc(file=sys.stdout)
            print("### failed", flush=True)


if __name__ == "__main__":
    main()
