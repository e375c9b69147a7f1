import pytest

from portproof.device_profiles.codes import CODES, EXIT_STATUS
from portproof.device_profiles.errors import Message, PortproofError


def test_every_code_has_a_known_status_and_a_meaning() -> None:
    assert all(code.status in EXIT_STATUS and code.meaning for code in CODES.values())
    assert all((code.status == 0) == name.startswith("W-") for name, code in CODES.items())


def test_a_code_outside_the_catalogue_cannot_be_raised() -> None:
    with pytest.raises(KeyError, match="E-NEW"):
        PortproofError("E-NEW", "something")


def test_the_text_has_what_where_why_and_hint() -> None:
    error = PortproofError("E-USAGE", "wrong", where="here", why="because", hint="do this", count=3)
    assert str(error) == "E-USAGE: wrong\n  where: here\n  why: because\n  hint: do this"
    assert error.messages[0].details == {"count": 3}
    assert error.exit_status == 2


def test_empty_fields_are_left_out_for_machines() -> None:
    assert Message(code="W-NAN", what="an output holds NaN").as_dict() == {
        "code": "W-NAN",
        "what": "an output holds NaN",
    }


def test_several_findings_travel_together_and_the_first_decides() -> None:
    messages = [Message(code="E-DATA-NAN", what="a"), Message(code="E-USAGE", what="b")]
    error = PortproofError.of(messages)
    assert error.exit_status == 5
    assert str(error) == "E-DATA-NAN: a\nE-USAGE: b"
