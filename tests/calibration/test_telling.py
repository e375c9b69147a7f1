from portproof.calibration.telling import Telling
from portproof.device_profiles.errors import Message
from portproof.runtimes.progress import Silent


class Heard(Silent):
    def __init__(self) -> None:
        self.notes: list[str] = []
        self.messages: list[Message] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def message(self, message: Message) -> None:
        self.messages.append(message)


def test_parts_are_timed_and_findings_kept_and_told() -> None:
    heard = Heard()
    telling = Telling(progress=heard)
    with telling.part("read", 2) as advance:
        advance()
        assert "read" not in telling.seconds
    assert telling.seconds["read"] >= 0
    found = Message(code="W-CALIB-FEW", what="few")
    telling.add([found])
    telling.note("so")
    assert (telling.messages, heard.messages, heard.notes) == ([found], [found], ["so"])
