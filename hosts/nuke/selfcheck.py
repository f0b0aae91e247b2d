"""The promises of the node, checked inside a real Nuke by whoever has a licence:

    nuke -t ~/.nuke/inbetween-nuke/inbetween/hosts/nuke/selfcheck.py [FOLDER]

Makes a script and frames in a folder of its own (a temporary one when none is named), says for each promise whether it
holds, and ends with 1 if one does not. Runs inside Nuke: Python 3.7.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import nuke

from inbetween.hosts.nuke import config, doctor, keys, make, node, panel

FIRST, LAST = 1, 5
LIGHT = 5.0
HERE = (200, 200)
"""A pixel inside both discs."""


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
    yield "the saved script opens with the same values", lambda: _reopens(made, script)


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
    return all(
        nuke.sample(one, channel, *HERE) == nuke.sample(other, channel, *HERE)
        for channel in ("rgba.red", "rgba.green", "rgba.blue", "rgba.alpha")
    )


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


def _reopens(made: nuke.Group, script: str) -> bool:
    name, before = made.fullName(), {row.name: made[row.name].value() for row in _rows() if row.value is not None}
    nuke.scriptSaveAs(script, 1)
    nuke.scriptClear()
    nuke.scriptOpen(script)
    opened = nuke.toNode(name)
    return opened is not None and before == {name: opened[name].value() for name in before}


def main(arguments: list[str]) -> int:
    """Returns 0 when every promise holds."""
    folder = Path(arguments[0] if arguments else tempfile.mkdtemp(prefix="inbetween-selfcheck-"))
    folder.mkdir(parents=True, exist_ok=True)
    nuke.tprint(doctor.report())
    broken = 0
    for promise, holds in promises(folder):
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
