"""Draws docs/pictures/nuke_node.svg: the node's panel and what is inside, from the node's own description.

    python docs/nuke_picture.py

It is a drawing, not a screenshot: boxes, labels, defaults and arrows are those that the plug-in hands to Nuke.
"""

import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path

from inbetween.core.settings import Settings, describe
from inbetween.core.timing import CURVES
from inbetween.hosts.nuke import graph, panel
from inbetween.models.registry import MODELS

PICTURE = Path(__file__).resolve().parent / "pictures" / "nuke_node.svg"
LINE, LEFT, PANEL, BOX = 24, 600, 510, (146, 30)
INK, PAPER, FIELD, NODE, FAINT = "#d8d8d8", "#323232", "#454545", "#4c6e8c", "#9a9a9a"
FIELDS = ("Enumeration_Knob", "String_Knob", "File_Knob", "Int_Knob", "Double_Knob")


def text(x: float, y: float, words: str, colour: str = INK, anchor: str = "start") -> str:
    return f'<text x="{x:g}" y="{y:g}" fill="{colour}" text-anchor="{anchor}">{escape(words)}</text>'


def box(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="4" fill="{colour}"/>'


def knobs() -> list[panel.Knob]:
    """The panel with one plate connected, tab after tab."""
    told = {"release": "", "models": sorted(MODELS), "timings": list(CURVES), "settings": describe(Settings)}
    unseen = {"first", "last", "from_project", "theta", "epsilon"}  # shown with two plates, and with a clamp
    return [knob for knob in panel.rows(told) if not knob.hidden and knob.name not in unseen]


def drawn_panel() -> Iterator[str]:
    """A line for each knob that starts one; buttons and boxes that do not stand beside it."""
    y, x = 0.0, 0.0
    for knob in knobs():
        if knob.new_line:
            y, x = y + LINE, LEFT + 150
        if knob.kind in FIELDS:
            yield text(x - 10, y, knob.label, anchor="end")
            yield box(x, y - 14, PANEL - 170, 18, FIELD)
            yield text(x + 6, y, str(knob.value) + (" \u25be" if knob.values else ""))
        elif knob.kind == "PyScript_Knob":
            yield box(x, y - 15, 7.2 * len(knob.label) + 14, 20, FIELD)
            yield text(x + 7, y, knob.label)
            x += 7.2 * len(knob.label) + 22
        elif knob.kind == "Boolean_Knob":
            yield text(x, y, f"\u2610 {knob.label}")
        elif knob.kind == "Tab_Knob":
            yield text(LEFT + 10, y, f"[ {knob.label} ]", NODE if y > LINE else INK)
        else:
            yield text(LEFT + 10, y, f"\u2014 {knob.label} \u2014" if knob.label else str(knob.value), FAINT)


def place(inner: graph.Inner) -> tuple[float, float]:
    return 180 + inner.at[0] * 0.85, 90 + inner.at[1] * 0.9


def drawn_graph() -> Iterator[str]:
    """Every node inside the group where the plug-in puts it, and an arrow for each input."""
    places = {inner.name: place(inner) for inner in graph.NODES}
    width, height = BOX
    for inner in graph.NODES:
        x, y = places[inner.name]
        for source in inner.inputs:
            at_x, at_y = places[source]
            yield (
                f'<line x1="{at_x + width / 2:g}" y1="{at_y + height:g}" x2="{x + width / 2:g}" y2="{y:g}" '
                f'stroke="{FAINT}" marker-end="url(#tip)"/>'
            )
    for inner in graph.NODES:
        x, y = places[inner.name]
        yield box(x, y, width, height, NODE)
        label = inner.name if inner.kind == inner.name else f"{inner.name} ({inner.kind})"
        yield text(x + width / 2, y + 19, label, anchor="middle")


def picture() -> str:
    """The whole SVG."""
    rows = sum(knob.new_line for knob in knobs())
    height = LINE * (rows + 1)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + PANEL}" height="{height}" font-family="sans-serif" '
        'font-size="13"><defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" '
        f'orient="auto"><path d="M0 0 8 4 0 8z" fill="{FAINT}"/></marker></defs>'
    )
    return "\n".join(
        [
            head,
            box(0, 0, LEFT + PANEL, height, PAPER),
            text(20, 30, "Inside the group"),
            text(20, 50, "The keys are rendered at KeyA and KeyB; Result reads the frames.", FAINT),
            *drawn_graph(),
            *drawn_panel(),
            "</svg>\n",
        ]
    )


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
    sys.stdout.write(f"{PICTURE}\n")
