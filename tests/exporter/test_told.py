from portproof.device_profiles.errors import Message
from portproof.exporter.progress import Silent
from portproof.exporter.told import Told


class Listener(Silent):
    def __init__(self) -> None:
        self.heard: list[Message] = []

    def message(self, message: Message) -> None:
        self.heard.append(message)


def test_what_is_told_is_passed_on_and_kept() -> None:
    listener = Listener()
    told = Told(progress=listener)
    told.add([Message(code="W-NAN", what="a")])
    told.add([Message(code="W-NAN", what="b"), Message(code="W-NAN", what="c", where="net.py:3")], "decode")
    assert [(message.what, message.where) for message in told.messages] == [
        ("a", ""),
        ("b", "decode"),
        ("c", "net.py:3"),
    ]
    assert listener.heard == told.messages
