"""Every operator of coremltools has a kernel in every operator set, with the same parameters, required alike."""

import warnings
from typing import Any

import pytest
from tests.runtimes.coreml.inferred import TARGETS, builder

from portproof.runtimes.coreml.registry import find, supported


def _definitions() -> dict[str, dict[Any, Any]]:
    builder()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from coremltools.converters.mil.mil.ops.registry import SSAOpRegistry
    # Constants are no operators here, and a symbol is one of the builder alone.
    return {name: kinds for name, kinds in SSAOpRegistry.core_ops.items() if name not in ("const", "_const_symbolic")}


def _newest(versions: dict[Any, Any], opset: str) -> Any:
    """What `opset` holds of an operator, None where the operator comes later."""
    names = list(TARGETS.values())
    age = names.index(TARGETS[opset])
    held = {names.index(version.name): kind for version, kind in versions.items() if version.name in names}
    known = [number for number in held if number <= age]
    return held[max(known)] if known else None


@pytest.mark.parametrize("opset", TARGETS)
def test_parameters_are_those_of_the_definitions(opset: str) -> None:
    wrong = {}
    for op_type, versions in _definitions().items():
        definition, kernel = _newest(versions, opset), find(op_type, opset)
        if definition is None:
            if kernel is not None:
                wrong[op_type] = "exists too early"
            continue
        # What begins with an underscore are the builder's functions, which a file holds as blocks.
        types = definition.input_spec.input_types
        wanted = {name: kind.optional for name, kind in types.items() if not name.startswith("_")}
        got = {} if kernel is None else {p.name: not p.required for p in kernel.parameters.values()}
        if wanted != got:
            wrong[op_type] = {name: (wanted.get(name), got.get(name)) for name in {*wanted, *got}}
            wrong[op_type] = {name: pair for name, pair in wrong[op_type].items() if pair[0] != pair[1]}
    assert not wrong


def test_nothing_is_known_that_does_not_exist() -> None:
    assert set(supported()) - set(_definitions()) <= {"coreml_update_state", "write_state"}
