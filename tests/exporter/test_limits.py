import pytest

from portproof.device_profiles.errors import PortproofError
from portproof.exporter.limits import of_functions
from portproof.exporter.proof import Limits
from portproof.runtimes.gates import parse_gate

ONE = {"serving_default": ["y", "a:b"]}
TWO = {"encode": ["h", "y"], "decode": ["y"]}


def test_limits_without_a_name_are_of_every_output() -> None:
    found = of_functions(Limits(atol=["1e-3"], rtol=["0"], gates=[parse_gate("cosine>=0.9")]), TWO)
    for limits in found.values():
        assert (limits.atol, limits.rtol, [str(gate) for gate in limits.gates]) == (["1e-3"], ["0"], ["cosine>=0.9"])


def test_names_of_outputs_and_of_functions() -> None:
    found = of_functions(Limits(atol=["y:1", "encode:2", "decode:y:3", "h:4"]), TWO)
    assert found["encode"].atol == ["y:1", "2", "h:4"]
    assert found["decode"].atol == ["y:1", "y:3"]
    found = of_functions(Limits(gates=[parse_gate("encode:cosine>=0.9"), parse_gate("decode:y:top1>=1")]), TWO)
    assert [str(gate) for gate in found["encode"].gates] == ["cosine>=0.9"]
    assert [str(gate) for gate in found["decode"].gates] == ["y:top1>=1"]


def test_one_function_needs_no_name() -> None:
    found = of_functions(Limits(atol=["a:b:1e-3", "serving_default:y:2"]), ONE)
    assert found["serving_default"].atol == ["a:b:1e-3", "y:2"]


def test_what_nothing_is_named_comes_at_once() -> None:
    with pytest.raises(PortproofError) as caught:
        of_functions(Limits(atol=["z:1"], rtol=["decode:h:1"], gates=[parse_gate("encod:cosine>=0.9")]), TWO)
    assert [message.what for message in caught.value.messages] == [
        "--atol z:1: there is no output 'z'",
        "--rtol decode:h:1: there is no output 'decode:h'",
        "--metric encod:cosine>=0.9: there is no output 'encod'",
    ]
    assert caught.value.messages[0].hint == "outputs are encode:h, encode:y, decode:y"
    with pytest.raises(PortproofError, match="there is no output 'serving_default'"):
        of_functions(Limits(atol=["serving_default:1"]), ONE)
