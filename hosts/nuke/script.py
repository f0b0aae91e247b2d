"""Nuke script text, made of the same plain values that build the node inside Nuke. Runs in the engine's own Python."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from inbetween.hosts.nuke import graph, panel

USER_KNOBS = {
    "Tab_Knob": 20,
    "Text_Knob": 26,
    "PyScript_Knob": 22,
    "Enumeration_Knob": 4,
    "Int_Knob": 3,
    "Double_Knob": 7,
    "Boolean_Knob": 6,
    "String_Knob": 1,
    "File_Knob": 2,
}
"""Nuke's numbers for the kinds of knob, as `addUserKnob` takes them."""

BARE = re.compile(r"[\w.\-+/:,%#]+")


def quote(value: Any) -> str:
    """A value as one word of a Nuke script."""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = f"{value:.9g}" if isinstance(value, float) else str(value)
    if BARE.fullmatch(text):
        return text
    return '"' + re.sub(r'([\\"\[\]{}$])', r"\\\1", text).replace("\n", "\\n") + '"'


def toolset(config: Mapping[str, Any]) -> str:
    """The node as text: dropped into the node graph, or in a ToolSets folder, it is what the menu makes."""
    knobs = panel.rows(config)
    lines = [
        "set cut_paste_input [stack 0]",
        "version 13.0 v1",
        "push 0",
        "push $cut_paste_input",
        "Group {",
        " inputs 2",
    ]
    lines += [" name Inbetween1", f" knobChanged {quote(panel.KNOB_CHANGED)}", f" tile_color 0x{panel.COLOUR:x}"]
    for knob in knobs:
        lines += user_knob(knob)
    return "\n".join([*lines, "}", *_inside(), "end_group", ""])


def user_knob(knob: panel.Knob) -> list[str]:
    """The declaration of a knob and, where it has one, its value."""
    parts = [str(USER_KNOBS[knob.kind]), knob.name, "l", quote(knob.label)]
    if knob.tooltip:
        parts += ["t", quote(knob.tooltip)]
    if knob.hidden:
        parts.append("+HIDDEN")
    parts.append("+STARTLINE" if knob.new_line else "-STARTLINE")
    if knob.command or knob.kind == "Text_Knob":
        parts += ["T", quote(knob.command or knob.value or "")]
    if knob.values:
        parts += ["M", "{" + " ".join(quote(entry) for entry in knob.values) + "}"]
    if knob.limits:
        parts += ["R", quote(float(knob.limits[0])), quote(float(knob.limits[1]))]
    declared = f" addUserKnob {{{' '.join(parts)}}}"
    has_value = knob.value not in (None, "") and knob.kind != "Text_Knob"
    return [declared, f" {knob.name} {quote(knob.value)}"] if has_value else [declared]


def node(kind: str, name: str, knobs: Iterable[tuple[str, str]], inputs: int = 1) -> list[str]:
    """One node; `knobs` are names and words of the script."""
    lines = [f"{kind} {{", f" name {name}"]
    if inputs != 1:
        lines.insert(1, f" inputs {inputs}")
    return [*lines, *(f" {knob} {word}" for knob, word in knobs), "}"]


def _inside() -> list[str]:
    lines = []
    for inner in graph.NODES:
        lines += [f"  push $N{inner_name}" for inner_name in reversed(inner.inputs)]
        knobs = [(name, quote(value)) for name, value in inner.knobs.items()]
        knobs += [(name, f'{{{{"{expression}"}}}}') for name, expression in inner.expressions.items()]
        knobs += [("xpos", str(inner.at[0])), ("ypos", str(inner.at[1]))]
        lines += [f"  {line}" for line in node(inner.kind, inner.name, knobs, len(inner.inputs))]
        lines.append(f"  set N{inner.name} [stack 0]")
    return lines
