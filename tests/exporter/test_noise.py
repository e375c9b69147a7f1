import logging
import sys
import warnings

import pytest

from portproof.exporter.noise import captured


def test_prints_logs_and_warnings_are_kept_from_the_terminal(capsys):
    handler = logging.StreamHandler(sys.stderr)
    logger = logging.getLogger("portproof.test.noise")
    logger.setLevel(logging.WARNING)  # the command line sets the root's, in whatever test ran before
    logger.addHandler(handler)
    with captured() as log:
        print("printed")  # noqa: T201
        print("an error", file=sys.stderr)  # noqa: T201
        logger.warning("logged")
        warnings.warn("warned", stacklevel=1)
    logger.removeHandler(handler)
    assert capsys.readouterr() == ("", "")
    for text in ("printed", "an error", "logged", "UserWarning: warned"):
        assert text in log.getvalue()


def test_everything_is_as_before_afterwards(capsys):
    handler = logging.StreamHandler(sys.stderr)
    logger = logging.getLogger("portproof.test.noise")
    logger.setLevel(logging.WARNING)  # the command line sets the root's, in whatever test ran before
    logger.addHandler(handler)
    with pytest.raises(KeyError), captured():
        raise KeyError
    logger.warning("logged")
    logger.removeHandler(handler)
    assert handler.stream is sys.stderr
    assert "logged" in capsys.readouterr().err
    with pytest.warns(UserWarning, match="warned"):
        warnings.warn("warned", stacklevel=1)
