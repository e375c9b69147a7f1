"""Runs Vela on many files: ``python vela_child.py FOLDER MODEL.tflite... -- OPTIONS``.

Prints ``### MODEL`` in front of what Vela prints of each; runs in an interpreter with ethos-u-vela. Each file has a
process of its own, forked from one that has imported Vela: it aborts on some. Nothing here imports Portproof.
"""

import os
import sys
import traceback


def main() -> None:
    """Compiles each file; one that fails is followed by its traceback, if there is one."""
    from ethosu.vela import vela

    split = sys.argv.index("--")
    folder, *models = sys.argv[1:split]
    for model in models:
        print(f"\n### {model}", flush=True)
        child = os.fork()
        if child == 0:
            os._exit(compiled(vela, [model, "--output-dir", folder, *sys.argv[split + 1 :]]))
        if os.waitpid(child, 0)[1]:
            print("### failed", flush=True)


def compiled(vela: object, arguments: list[str]) -> int:
    """The exit status of one run."""
    status = 0
    try:
        vela.main(arguments)  # type: ignore[attr-defined]
    except (Exception, SystemExit) as error:
        status = 0 if isinstance(error, SystemExit) and not error.code else 1
        if status:
            traceback.print_exc(file=sys.stdout)
    sys.stdout.flush()
    sys.stderr.flush()
    return status


if __name__ == "__main__":
    main()
