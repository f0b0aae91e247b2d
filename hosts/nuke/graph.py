"""The nodes inside the group, as plain values, and how they are put there.

    A -> key A, premultiplied                                   the keys are rendered here
    B -> key B, premultiplied
    result (reads the frames) -> unpremultiply --+
    A, as long as nothing is made ---------------+-> choose -> out

No Write stays in the group: a farm that renders every Write of a script must not find one. Runs inside Nuke: standard
library only, Python 3.7.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

PREMULTIPLIED = "parent.alpha == 0"
KEYS = ("KeyA", "KeyB")
RESULT = "Result"


@dataclass(frozen=True)
class Inner:
    """One node inside the group: `expressions` are TCL, evaluated by Nuke; no Python runs while Nuke renders."""

    kind: str
    name: str
    inputs: tuple[str, ...] = ()
    knobs: dict[str, Any] = field(default_factory=dict)
    expressions: dict[str, str] = field(default_factory=dict)
    at: tuple[int, int] = (0, 0)


NODES = (
    Inner("Input", "A", knobs={"number": 0}, at=(0, 0)),
    Inner("Input", "B", knobs={"number": 1}, at=(300, 0)),
    Inner("Premult", KEYS[0], ("A",), expressions={"disable": PREMULTIPLIED}, at=(100, 100)),
    Inner("Premult", KEYS[1], ("B",), expressions={"disable": PREMULTIPLIED}, at=(300, 100)),
    Inner("Read", RESULT, knobs={"raw": True, "on_error": "checkerboard"}, at=(-200, 0)),
    Inner("Unpremult", "Divided", (RESULT,), expressions={"disable": PREMULTIPLIED}, at=(-200, 100)),
    Inner("Switch", "Choose", ("A", "Divided"), expressions={"which": "parent.ready"}, at=(-100, 200)),
    Inner("Output", "Out", ("Choose",), at=(-100, 300)),
)


def build(group: Any, nodes: Any) -> None:
    """Put the nodes into the group and connect them; those that are there already are kept and set right.

    `nodes` is `nuke.nodes`.
    """
    with group:
        made = {inner.name: _node(group, inner, nodes) for inner in NODES}
        for inner in NODES:
            for number, name in enumerate(inner.inputs):
                made[inner.name].setInput(number, made[name])


def _node(group: Any, inner: Inner, nodes: Any) -> Any:
    node = group.node(inner.name)
    if node is None:
        node = getattr(nodes, inner.kind)(name=inner.name)
        node.setXYpos(*inner.at)
    for name, value in inner.knobs.items():
        node[name].setValue(value)
    for name, expression in inner.expressions.items():
        node[name].setExpression(expression)
    return node
