"""The node: a Group that is put together here and calls back here.

Every function without arguments is the one line behind a knob and acts on `nuke.thisNode()`. Runs inside Nuke:
standard library and `nuke` only, Python 3.7.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

import nuke

from inbetween.hosts.nuke import config, graph, keys, marks, panel
from inbetween.hosts.nuke import make as making
from inbetween.hosts.nuke.config import NodeError
from inbetween.hosts.nuke.panel import Knob
from inbetween.hosts.worker.client import WorkerError

SHOWN: dict[str, Callable[[nuke.Group], bool]] = {
    panel.CHART: lambda node: node["timing"].value() == panel.CHART,
    panel.CURVE: lambda node: node["timing"].value() == panel.CURVE,
    "theta": lambda node: node["clamp"].value() == "binary",
    "epsilon": lambda node: node["clamp"].value() != "off",
    "first": lambda node: node.input(1) is not None,
    "last": lambda node: node.input(1) is not None,
    "from_project": lambda node: node.input(1) is not None,
    "keys": lambda node: node.input(1) is None,
    "cycle": lambda node: node.input(1) is None,
    "add_key": lambda node: node.input(1) is None,
    "remove_key": lambda node: node.input(1) is None,
    "find_keys": lambda node: node.input(1) is None,
}
"""Knobs that only mean something in one state of the node, and that state."""


def create() -> nuke.Group:
    """Make the node under the selected ones: one becomes A; of two, the one to the left becomes A, the other B."""
    settings = config.load()
    chosen = sorted(nuke.selectedNodes(), key=lambda one: one.xpos())[:2]
    node = nuke.nodes.Group(name="Inbetween1")
    node["tile_color"].setValue(panel.COLOUR)
    add_knobs(node, panel.rows(settings))
    node["knobChanged"].setValue(panel.KNOB_CHANGED)
    graph.build(node, nuke.nodes)
    for number, one in enumerate(chosen):
        node.setInput(number, one)
    if chosen:
        node.setXYpos(chosen[0].xpos(), max(one.ypos() for one in chosen) + 120)
    _show(node)
    if nuke.GUI:
        node.showControlPanel()
    return node


def this() -> nuke.Group:
    """The node whose knob or callback is running."""
    return cast("nuke.Group", nuke.thisNode())


def changed() -> None:
    """A knob was turned, or an input connected: show what now means something, and say when the frames are old."""
    node = this()
    _show(node)
    if nuke.thisKnob().name() not in ("state", "made", "ready", "showPanel", "inputChange"):
        making.say_state(node)


def created_in_script() -> None:
    """A group came into being, by hand or out of a script: bring one of ours up to this release."""
    node = this()
    if panel.VERSION not in node.knobs():
        return
    making.woken(node)
    try:
        migrate(node, config.load())
    except NodeError as problem:  # the script must open all the same: its frames are files
        nuke.warning(str(problem))


def migrate(node: nuke.Group, settings: dict[str, Any]) -> list[str]:
    """Rebuild the panel of a node that another release made, or that lacks a knob; returns what could not be kept.

    Values stay, animation included. A value that this release does not know becomes its default, and is told in a
    sentence.
    """
    rows = panel.rows(settings)
    if node[panel.VERSION].value() == settings["release"] and all(row.name in node.knobs() for row in rows):
        return []
    rows += [panel.mark(knob.name(), knob.label()) for knob in marks.of(node)]
    kept = {row.name: _keep(node, row) for row in rows if row.name in node.knobs()}
    for row in rows:
        if row.name in node.knobs():
            node.removeKnob(node[row.name])
    add_knobs(node, rows)
    lost = [row for row in rows if row.name in kept and not _restore(node, row, kept[row.name])]
    node[panel.VERSION].setValue(settings["release"])
    node["knobChanged"].setValue(panel.KNOB_CHANGED)
    return [_tell_lost(node, row, kept[row.name]) for row in lost]


def add_knobs(node: nuke.Group, rows: Iterable[Knob]) -> None:
    """Put knobs on a node, in order, each with value, limits and tooltip."""
    for row in rows:
        node.addKnob(_knob(row))


def make() -> None:
    _answer(making.start)


def take_range() -> None:
    """First and last frame of the project."""
    _answer(_take_range)


def add_key() -> None:
    _answer(lambda node: _set_keys(node, [*keys.parse(node["keys"].value()), nuke.frame()]))


def remove_key() -> None:
    _answer(lambda node: _set_keys(node, set(keys.parse(node["keys"].value())) - {nuke.frame()}))


def find_keys() -> None:
    """The frames that exist of the Read above input A."""
    _answer(_find_keys)


def add_mark() -> None:
    _answer(_add_mark)


def remove_mark() -> None:
    _answer(_remove_mark)


def _answer(action: Callable[[nuke.Group], object]) -> None:
    """Do what a button asks; what the artist can put right is shown in words, in a terminal it ends the run."""
    try:
        action(this())
    except (NodeError, WorkerError) as problem:
        if not nuke.GUI:
            raise
        if not isinstance(problem, keys.Cancelled):
            nuke.message(str(problem))


def _take_range(node: nuke.Group) -> None:
    node["first"].setValue(int(nuke.root()["first_frame"].value()))
    node["last"].setValue(int(nuke.root()["last_frame"].value()))


def _set_keys(node: nuke.Group, frames: Iterable[int]) -> None:
    node["keys"].setValue(keys.text(frames))


def _find_keys(node: nuke.Group) -> None:
    read = keys.read_above(node)
    pattern = keys.named(cast("nuke.File_Knob", read["file"]))
    mode, moved = read["frame_mode"].value(), read["frame"].value().strip()
    if moved and (mode, moved) not in {("offset", "0"), ("start at", f"{read['first'].value():g}")}:
        raise NodeError(
            f"{read.name()} shows its files at other frames than their numbers say ({mode} {moved}); write the key "
            "frames down as they stand on the timeline"
        )
    first, last = int(read["first"].value()), int(read["last"].value())
    frames = [frame for frame in keys.on_disk(pattern) if first <= frame <= last]
    if len(frames) < 2:
        raise NodeError(
            f"{read.name()}: {len(frames)} frames of {pattern} exist in its range {first}-{last}; two keys at least "
            "are needed"
        )
    _set_keys(node, frames)


def _add_mark(node: nuke.Group) -> None:
    name = marks.free_name(node)
    add_knobs(node, [panel.mark(name, name)])
    marks.begin(node, name)


def _remove_mark(node: nuke.Group) -> None:
    known = marks.of(node)
    if not known:
        raise NodeError(f"{node.name()} has no mark; Add mark makes one")
    names = [knob.name() for knob in known]
    chosen: int | None = nuke.choice("Remove mark", "Which one?", names) if len(known) > 1 else 0
    if chosen is not None:
        node.removeKnob(known[chosen])
        making.say_state(node)


def _show(node: nuke.Group) -> None:
    for name, wanted in SHOWN.items():
        if name in node.knobs():
            node[name].setVisible(wanted(node))


def _knob(row: Knob) -> nuke.Knob:
    kind: Callable[..., Any] = getattr(nuke, row.kind)
    knob: nuke.Knob
    if row.kind == "Enumeration_Knob":
        knob = kind(row.name, row.label, list(row.values))
    elif row.kind == "PyScript_Knob":
        knob = kind(row.name, row.label, row.command)
    else:
        knob = kind(row.name, row.label)
    if row.value is not None:
        knob.setValue(row.value)
    if row.limits is not None:
        cast("nuke.Array_Knob", knob).setRange(*row.limits)
    if row.tooltip:
        knob.setTooltip(row.tooltip)
    if row.hidden:
        knob.setVisible(False)
    change_flag = knob.setFlag if row.new_line else knob.clearFlag
    change_flag(nuke.STARTLINE)
    return knob


def _keep(node: nuke.Group, row: Knob) -> str:
    """The knob as script text: expressions and animation survive."""
    return str(node[row.name].toScript())


def _restore(node: nuke.Group, row: Knob, script: str) -> bool:
    if row.kind in ("Tab_Knob", "PyScript_Knob") or row.name.endswith("_divider"):
        return True
    if row.kind == "Enumeration_Knob" and not script.startswith("{{") and script.strip('{}"') not in row.values:
        return False
    node[row.name].fromScript(script)
    return True


def _tell_lost(node: nuke.Group, row: Knob, script: str) -> str:
    sentence = f"{node.name()}: {row.label} was {script}, which this release does not have; it is now {row.value}"
    nuke.warning(sentence)
    return sentence
