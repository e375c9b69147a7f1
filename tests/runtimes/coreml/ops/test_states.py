import pytest
import torch
from tests.runtimes.coreml.mil import Ref, named, op, program, tensor

from portproof.device_profiles.errors import PortproofError
from portproof.runtimes.coreml.context import Precision
from portproof.runtimes.coreml.engine import Executable
from portproof.runtimes.coreml.program import NamedType, Operation, StateType
from portproof.runtimes.coreml.state import StateBox


def _executable(operations: list[Operation], outputs: str, dtype: str, precision: Precision = "strict") -> Executable:
    state = NamedType(name="s", type=StateType(wrapped=tensor(f"{dtype}[2]")))
    return Executable(
        program((state, *named(f"x:{dtype}[2]")), operations, outputs, opset="CoreML8"), precision=precision
    )


def _box(dtype: str = "float32") -> StateBox:
    return StateBox(name="s", dtype=dtype, value=torch.zeros(2))


def test_what_was_read_before_a_write_stays() -> None:
    operations = [
        op("read_state", "old:float32[2]", input=Ref("s")),
        op("concat", "sum:float32[4]", values=(Ref("old"), Ref("x")), axis=0),
        op("write_state", "", input=Ref("s"), data=Ref("x")),
        op("read_state", "new:float32[2]", input=Ref("s")),
    ]
    executable, box = _executable(operations, "old sum new", "float32"), _box()
    x = torch.tensor([1.0, 2.0])
    assert [v.tolist() for v in executable.run({"s": box, "x": x}).values()] == [[0, 0], [0, 0, 1, 2], [1, 2]]
    assert [v.tolist() for v in executable.run({"s": box, "x": x + 1}).values()] == [[1, 2], [1, 2, 2, 3], [2, 3]]
    assert box.value.tolist() == [2, 3]


@pytest.mark.parametrize("precision", ["strict", "minimum"])
def test_a_state_is_memory_of_its_type(precision: Precision) -> None:
    operations = [
        op("cumsum", "y:float16[2]", x=Ref("x")),
        op("coreml_update_state", "z:float16[2]", state=Ref("s"), value=Ref("y")),
    ]
    box = _box("float16")
    found = _executable(operations, "y z", "float16", precision).run({"s": box, "x": torch.tensor([2048.0, 1.0])})
    assert box.value.tolist() == found["z"].tolist() == [2048, 2048]
    assert found["y"].tolist() == ([2048, 2048] if precision == "strict" else [2048, 2049])


def test_what_does_not_fit_is_not_written() -> None:
    executable = _executable([op("write_state", "", input=Ref("s"), data=[1.0, 2.0, 3.0])], "x", "float32")
    with pytest.raises(PortproofError) as caught:
        executable.run({"s": _box(), "x": torch.zeros(2)})
    assert "state s is" in caught.value.messages[0].why
    executable = _executable([op("read_state", "y:float32[2]", input=Ref("x"))], "y", "float32")
    with pytest.raises(PortproofError) as caught:
        executable.run({"s": _box(), "x": torch.zeros(2)})
    assert "a state is needed" in caught.value.messages[0].why


def test_there_are_no_states_before_ios_18() -> None:
    state = NamedType(name="s", type=StateType(wrapped=tensor("float32[2]")))
    with pytest.raises(PortproofError) as caught:
        Executable(program((state,), [op("read_state", "y:float32[2]", input=Ref("s"))], "y", opset="CoreML7"))
    assert caught.value.messages[0].code == "E-OP-UNSUPPORTED"
