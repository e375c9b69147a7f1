"""How one operator may be stored: a permutation for each of its tensors, and the rules that know which fit together."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

import onnx_ir as ir

from portproof.exporter.tflite.layout.perms import Perm, identity
from portproof.exporter.tflite.values import is_run_time, rank_of


@dataclass(frozen=True)
class Port:
    """One tensor of an operator: its input or its output number `index`."""

    is_output: bool
    index: int


@dataclass(frozen=True)
class Config:
    """The permutation of every tensor of an operator; None for a parameter that has no layout, or an absent input."""

    inputs: tuple[Perm | None, ...]
    outputs: tuple[Perm, ...]

    def at(self, port: Port) -> Perm | None:
        """The permutation at `port`."""
        return self.outputs[port.index] if port.is_output else self.inputs[port.index]


class Rule(Protocol):
    """What the layout pass needs to know of an operator."""

    def config(self, node: ir.Node, port: Port, perm: Perm) -> Config | None:
        """The configuration in which `port` has `perm`, or None where the kernel has none."""

    def rewrite(self, node: ir.Node, config: Config) -> None:
        """Changes attributes and constant parameters of `node` for `config`; data and shapes are not its concern."""


_RULES: dict[str, Rule] = {}


def layout_rule(*ops: str) -> Callable[[type[Rule]], type[Rule]]:
    """Registers a rule for TFLite operators; one without a rule computes in the literal layout only."""

    def register(rule: type[Rule]) -> type[Rule]:
        for op in ops:
            if op in _RULES:
                raise KeyError(f"{op} has two layout rules")
            _RULES[op] = rule()
        return rule

    return register


def rule_of(node: ir.Node) -> Rule | None:
    """The rule of an operator, or None."""
    return _RULES.get(node.op_type)


def literal_config(node: ir.Node) -> Config:
    """The configuration of the literal graph; constants are marked as having no layout."""
    return Config(
        tuple(None if value is None or not is_run_time(value) else identity(rank_of(value)) for value in node.inputs),
        tuple(identity(rank_of(value)) for value in node.outputs),
    )


def is_literal(config: Config) -> bool:
    """Whether every permutation of `config` is the identity."""
    perms: Iterable[Perm | None] = (*config.inputs, *config.outputs)
    return all(perm is None or perm == identity(len(perm)) for perm in perms)
