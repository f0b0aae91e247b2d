"""The promises of the node, checked inside a real Nuke by whoever has a licence:

    nuke -t ~/.nuke/inbetween-nuke/inbetween/hosts/nuke/selfcheck.py [FOLDER [CATTERY]]

Makes a script and frames in a folder of its own (a temporary one when none is named), says for each promise whether it
holds, and ends with 1 if one does not. With CATTERY, the folder that `inbetween export --format nuke` wrote and whose
two .cat files have been made since, the native node's promises are checked too. Runs inside Nuke: Python 3.7.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import cast

import nuke

from inbetween.hosts.nuke import config, doctor, keys, make, marks, node, panel

FIRST, LAST = 1, 5
LIGHT = 5.0
HERE = (200, 200)
"""A pixel inside both discs."""
PIXELS = (HERE, (145, 200), (315, 200))
"""Inside both, inside the first only, inside the second only."""
PLACES = ((FIRST, 150.5, 220.25), (LAST, 210.0, 180.0))
"""Where a mark is set, as Nuke counts."""
CHANNELS = ("rgba.red", "rgba.green", "rgba.blue", "rgba.alpha")
DEMO, NATIVE = "InbetweenNative_demo.nk", "InbetweenNative"
"""A script that the export wrote, and the group in it."""
CLOSE, NEAR = 0.001, 0.1
"""The greatest difference from the worker's frame: in full precision on the CPU, and otherwise, far from edges."""


def promises(folder: Path) -> Iterator[tuple[str, Callable[[], bool]]]:
    """What is promised, in words, and the question whether it holds; to be asked in this order."""
    a, b = _disc(200, 1.0), _disc(260, LIGHT)
    script = (folder / "selfcheck.nk").as_posix()
    nuke.scriptSaveAs(script, 1)
    made = _node(a, b)
    frames = keys.percent(make.output(made))
    yield "the node has a knob for every setting", lambda: {row.name for row in _rows()} <= set(made.knobs())
    yield "before anything is made it shows input A", lambda: _same(made, a, FIRST)
    yield "keys are rendered and frames are drawn", lambda: _makes(made, frames)
    yield "the first key comes back as it was", lambda: _same(made, a, FIRST)
    yield "the last key, brighter than white, comes back as it was", lambda: _same(made, b, LAST)
    yield "no Write stays in the node", lambda: not [one for one in made.nodes() if one.Class() == "Write"]
    yield "a second run renders the same keys to the same bytes and draws nothing", lambda: _rests(made, frames)
    yield "another knob draws the in-betweens again", lambda: _redraws(made, frames)
    yield "a mark is told where it has keys, from the upper left corner", lambda: _marked(made)
    yield "the saved script opens with the same values", lambda: _reopens(made, script)
    yield "a place named by TCL keeps its frame counter", lambda: _names_a_place(script)


def native_promises(folder: Path, cattery: Path) -> Iterator[tuple[str, Callable[[], bool]]]:
    """What is promised of the native node whose .cat files lie in `cattery`."""
    nuke.scriptClear()
    nuke.scriptOpen((cattery / DEMO).as_posix())
    nuke.scriptSaveAs((folder / "selfcheck_native.nk").as_posix(), 1)
    drawn = cast("nuke.Group", nuke.toNode(NATIVE))
    a, b = _disc(200, 1.0), _disc(260, LIGHT)
    for number, one in enumerate((a, b)):
        drawn.setInput(number, one)
    drawn["use_gpu"].setValue(False)
    made = _node(a, b)
    middle = (FIRST + LAST) // 2
    yield "the native node gives A at 0, to the bit", lambda: _gives(drawn, 0.0, a)
    yield "the native node gives B at 1, to the bit", lambda: _gives(drawn, 1.0, b)
    yield "the native node draws what the worker draws with motion-native", lambda: _agree(drawn, made, middle)
    yield "half precision changes little", lambda: _apart(drawn, made, middle, half=True) < NEAR
    yield "the GPU, where there is one, changes little", lambda: _apart(drawn, made, middle, use_gpu=True) < NEAR


def _gives(drawn: nuke.Group, time: float, other: nuke.Node) -> bool:
    drawn["timestep"].setValue(time)
    return _same(drawn, other, FIRST)


def _agree(drawn: nuke.Group, made: nuke.Group, frame: int) -> bool:
    made["model"].setValue("motion-native")
    make.start(made)
    drawn["timestep"].setValue((frame - FIRST) / (LAST - FIRST))
    return _apart(drawn, made, frame) < CLOSE


def _apart(drawn: nuke.Group, made: nuke.Group, frame: int, **knobs: bool) -> float:
    """The greatest difference between the native node, its knobs turned for so long, and the worker's frame."""
    nuke.frame(frame)
    for name in knobs:
        drawn[name].setValue(True)
    try:
        samples = [(channel, x, y) for channel in ("rgba.red", "rgba.alpha") for x, y in PIXELS]
        return max(abs(nuke.sample(drawn, *at) - nuke.sample(made, *at)) for at in samples)
    finally:
        for name in knobs:
            drawn[name].setValue(False)


def _rows() -> list[panel.Knob]:
    return panel.rows(config.load())


def _disc(x: int, light: float) -> nuke.Node:
    disc = nuke.nodes.Radial()
    for channel, value in enumerate((x - 100, 100, x + 100, 300)):
        disc["area"].setValue(value, channel)
    bright = nuke.nodes.Multiply()
    bright.setInput(0, disc)
    bright["channels"].setValue("rgb")
    bright["value"].setValue(light)
    return bright


def _node(a: nuke.Node, b: nuke.Node) -> nuke.Group:
    made = node.create()
    for number, one in enumerate((a, b)):
        made.setInput(number, one)
    made["first"].setValue(FIRST)
    made["last"].setValue(LAST)
    made["model"].setValue("dissolve")
    return made


def _makes(made: nuke.Group, frames: str) -> bool:
    make.start(made)
    return keys.on_disk(frames) == list(range(FIRST, LAST + 1))


def _same(one: nuke.Node, other: nuke.Node, frame: int) -> bool:
    nuke.frame(frame)
    return all(nuke.sample(one, channel, *HERE) == nuke.sample(other, channel, *HERE) for channel in CHANNELS)


def _times(frames: str) -> dict[int, int]:
    return {frame: keys.file(frames, frame).stat().st_mtime_ns for frame in keys.on_disk(frames)}


def _rests(made: nuke.Group, frames: str) -> bool:
    before = _times(frames)
    make.start(made)
    return _times(frames) == before


def _redraws(made: nuke.Group, frames: str) -> bool:
    before = _times(frames)
    made["timing"].setValue("ease-in")
    make.start(made)
    after = _times(frames)
    return {frame for frame in after if after[frame] != before[frame]} == set(range(FIRST + 1, LAST))


def _marked(made: nuke.Group) -> bool:
    """Leaves two marks on the node: one that is placed at both keys, and one as the button makes it at the first."""
    nuke.frame(FIRST)
    for name in ("mark1", "mark2"):
        node.add_knobs(made, [panel.mark(name, name)])
        marks.begin(made, name)
    for frame, *place in PLACES:
        for channel, value in enumerate(place):
            cast("nuke.XY_Knob", made["mark1"]).setValueAt(value, frame, channel)
    told = Path(make.prepare(made).job["marks"]).read_text(encoding="utf-8").split()
    width, height = made.width(), made.height()
    placed = [f"mark1,{frame},{x},{height - y}" for frame, x, y in PLACES]
    return told == ["mark,frame,x,y", *placed, f"mark2,{FIRST},{width / 2},{height / 2}"]


def _reopens(made: nuke.Group, script: str) -> bool:
    name, before = made.fullName(), {row.name: made[row.name].value() for row in _rows() if row.value is not None}
    told = marks.told(made)
    nuke.scriptSaveAs(script, 1)
    nuke.scriptClear()
    nuke.scriptOpen(script)
    opened = cast("nuke.Group", nuke.toNode(name))
    return marks.told(opened) == told and before == {name: opened[name].value() for name in before}


def _names_a_place(script: str) -> bool:
    made = make.every()[0]
    made["output"].setValue("[value root.name].####.exr")
    return make.output(made) == f"{script}.%04d.exr"


def main(arguments: list[str]) -> int:
    """Returns 0 when every promise holds."""
    folder = Path(arguments[0] if arguments else tempfile.mkdtemp(prefix="inbetween-selfcheck-"))
    folder.mkdir(parents=True, exist_ok=True)
    nuke.tprint(doctor.report())
    broken = 0
    asked = promises(folder)
    if len(arguments) > 1:
        asked = chain(asked, native_promises(folder, Path(arguments[1]).absolute()))
    for promise, holds in asked:
        try:
            answer = "holds" if holds() else "BROKEN"
        except Exception as problem:  # whatever it is belongs in the report, and the next promise is asked
            answer = f"BROKEN ({type(problem).__name__}: {problem})"
        broken += answer != "holds"
        nuke.tprint(f"{answer:8} {promise}")
    nuke.tprint(f"{broken} broken; frames and script are in {folder}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
