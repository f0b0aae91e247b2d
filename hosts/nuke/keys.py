"""Which frames are keys, and keys rendered to files.

A key frame is a number on Nuke's timeline. Runs inside Nuke: standard library and `nuke` only, Python 3.7.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Any

import nuke

from inbetween.hosts.nuke import graph
from inbetween.hosts.nuke.config import NodeError

COUNTER = re.compile(r"#+|%0?(\d*)d")

WRITE = (
    ("file_type", "exr"),  # first: the knobs below exist only once Nuke knows the type
    ("channels", "all"),
    ("raw", True),
    ("metadata", "all metadata"),  # cryptomattes are announced there, and must not be blended
)


TIME_NODES = frozenset({"TimeOffset", "TimeWarp", "TimeClip", "Retime", "FrameHold", "Kronos", "OFlow2", "AppendClip"})
"""Classes of Nuke's nodes after which a frame is another one than the Read's."""

RECORD = ".rendered.json"
"""Beside the keys: of which input, by which knobs and when each was rendered, so that none is used for another."""

LONGEST_RANGE = 1_000_000
"""Frames in one range beyond which a wrong number is the likelier explanation."""


class Cancelled(NodeError):  # noqa: N818 - a decision of the artist, not a failure
    """The artist stopped the work."""


def parse(text: str) -> list[int]:
    """Frame numbers of a list as compositors write it: `1 9 17`, `1,9,17`, `1-17x8`, `-8--1`; sorted, each once.

    Raises `NodeError` for anything else.
    """
    found: set[int] = set()
    for part in text.replace(",", " ").split():
        match = re.match(r"(-?\d+)(?:-(-?\d+)(?:x(\d+))?)?$", part)
        if not match:
            raise NodeError(f"key frames has {part!r}; write frames such as 1 9 17 or 1-33x8")
        first, last, step = match.groups()
        low, high, every = int(first), int(last or first), int(step or 1)
        if not every or high < low:
            raise NodeError(f"key frames has {part!r}; a range goes upwards, such as 1-33 or 1-33x8")
        if high - low >= LONGEST_RANGE:
            raise NodeError(f"key frames has {part!r}, which is more than {LONGEST_RANGE} frames; check its numbers")
        found.update(range(low, high + 1, every))
    return sorted(found)


def text(frames: Iterable[int]) -> str:
    """The list as the knob shows it."""
    return " ".join(str(frame) for frame in sorted(set(frames)))


def counter(pattern: str) -> tuple[str, int, str]:
    """What stands before the frame number of `shot.%04d.exr` or `shot.####.exr`, its width, and what stands behind.

    The last counter of the name counts. Raises `NodeError` when there is none.
    """
    name = PurePath(pattern).name
    found = list(COUNTER.finditer(pattern, len(pattern) - len(name)))
    if not found:
        raise NodeError(f"{name} has no frame number; write it like shot.####.exr or shot.%04d.exr")
    at = found[-1]
    width = int(at.group(1) or 1) if at.group().startswith("%") else len(at.group())
    return pattern[: at.start()], width, pattern[at.end() :]


def percent(pattern: str) -> str:
    """The pattern as every Nuke reads it: forward slashes, `%04d` for `####`."""
    before, width, behind = counter(pattern)
    return f"{before}%0{width}d{behind}".replace("\\", "/")


def named(knob: nuke.File_Knob) -> str:
    """The pattern in a file knob, TCL in it evaluated.

    Nuke's own evaluation puts the current frame in the counter's place, from where the counter is put back.
    """
    text = str(knob.value() or "")
    if "[" not in text:
        return text
    _, width, behind = counter(text)
    evaluated, now = str(knob.evaluate() or ""), f"{nuke.frame():0{width}d}{behind}"
    return f"{evaluated[: -len(now)]}%0{width}d{behind}" if evaluated.endswith(now) else evaluated


def file(pattern: str, frame: int) -> Path:
    """Where a frame of a pattern lies."""
    before, width, behind = counter(pattern)
    return Path(f"{before}{frame:0{width}d}{behind}")


def on_disk(pattern: str) -> list[int]:
    """The frames of a pattern that exist, sorted; `####` means what Nuke means by it, four digits or more."""
    before, width, behind = counter(pattern)
    folder, _, start = before.replace("\\", "/").rpartition("/")
    wanted = re.compile(re.escape(start) + r"(-?\d+)" + re.escape(behind) + "$")
    matches = (wanted.match(entry.name) for entry in (Path(folder).iterdir() if Path(folder).is_dir() else ()))
    return sorted(int(match.group(1)) for match in matches if match and _padded(match.group(1), width))


def _padded(digits: str, width: int) -> bool:
    return digits == f"{int(digits):0{width}d}"


def read_above(node: nuke.Node) -> nuke.Node:
    """The Read that feeds input A, through any chain of first inputs.

    Raises `NodeError` where there is none, or where something in between moves frames in time.
    """
    above = node.input(0)
    while above is not None and above.Class() != "Read":
        if above.Class() in TIME_NODES:
            raise NodeError(
                f"{above.name()} shows the frames of the Read above it at other times; write the key frames down as "
                "they stand on the timeline"
            )
        above = above.input(0)
    if above is None:
        raise NodeError(f"{node.name()}: no Read above input A; write the key frames down yourself")
    return above


def wanted(node: nuke.Node) -> list[tuple[int, int]]:
    """The keys of the node: (input, frame), in the order of the frames.

    With B connected these are two: A at the first frame, B at the last. Raises `NodeError` where that leaves no gap.
    """
    if node.input(0) is None:
        raise NodeError(f"{node.name()}: input A is not connected; connect the first key, or the plate with all keys")
    if node.input(1) is not None:
        first, last = int(node["first"].value()), int(node["last"].value())
        if last - first < 2:
            raise NodeError(f"{node.name()}: no frame lies between {first} and {last}; move last frame back")
        return [(0, first), (1, last)]
    frames = parse(node["keys"].value())
    whole = not cycle(node) and len(frames) == frames[-1] - frames[0] + 1
    if len(frames) < 2 or whole:
        raise NodeError(
            f"{node.name()}: key frames {text(frames)!r} leave no gap; name two frames with others between, "
            "or connect the second key to B"
        )
    return [(0, frame) for frame in frames]


def cycle(node: nuke.Node) -> int:
    """Frames after which the first key is seen again; 0 where it is not.

    A node whose engine was replaced while its script was open lacks the knob.
    """
    return int(node["cycle"].value()) if "cycle" in node.knobs() and node.input(1) is None else 0


def render(node: nuke.Group, pattern: str, keys: Iterable[tuple[int, int]], reuse: bool) -> list[int]:
    """Render each key to its file of `pattern`, and return the frames whose file is new or other than before.

    Main thread only. A key that comes out the same to the byte leaves its file alone, so that the engine finds
    nothing to do. With `reuse`, keys that were rendered before, of the same input and by the same knobs of this node,
    are not rendered. Files of frames that are no longer keys are removed. Raises `NodeError` for a key that cannot be
    rendered or kept, `Cancelled` when the artist stops Nuke's rendering.
    """
    try:
        return _render_all(node, pattern, list(keys), reuse)
    except OSError as cause:
        raise NodeError(
            f"{node.name()}: keys cannot be kept in {PurePath(pattern).parent} ({cause.strerror}); make room, or say "
            "under Output where else"
        ) from cause


def _render_all(node: nuke.Group, pattern: str, keys: list[tuple[int, int]], reuse: bool) -> list[int]:
    folder = Path(pattern).parent
    folder.mkdir(parents=True, exist_ok=True)
    for stale in set(on_disk(pattern)) - {frame for _, frame in keys}:
        file(pattern, stale).unlink()
    before, now, changed = _rendered(folder), {}, []
    for side, frame in keys:
        target = file(pattern, frame)
        known = target.exists() and before.get(target.name) == _how(node, side, target)
        if not (reuse and known) and _render(node, side, frame, target):
            changed.append(frame)
        now[target.name] = _how(node, side, target)
        (folder / RECORD).write_text(json.dumps({**before, **now}), encoding="utf-8")
    return changed


def _how(node: nuke.Group, side: int, target: Path) -> list[Any]:
    """What a file holds, as `RECORD` has it; with its time, since a kill may come between a file and its record."""
    return [side, node["alpha"].value(), node["datatype"].value(), target.stat().st_mtime_ns]


def _rendered(folder: Path) -> dict[str, list[Any]]:
    try:
        return dict(json.loads((folder / RECORD).read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _render(node: nuke.Group, side: int, frame: int, target: Path) -> bool:
    fresh = target.with_name(f".rendering.{target.name}")
    with _write(node, side, fresh) as write:
        try:
            nuke.execute(write, frame, frame, 1)
        except RuntimeError as cause:
            if "cancel" in str(cause).lower():
                raise Cancelled(f"{node.name()}: stopped while rendering keys; nothing was drawn") from cause
            raise NodeError(f"{node.name()}: the key at frame {frame} cannot be rendered: {cause}") from cause
    if target.exists() and _digest(target) == _digest(fresh):
        fresh.unlink()
        return False
    fresh.replace(target)
    return True


@contextmanager
def _write(node: nuke.Group, side: int, target: Path) -> Iterator[nuke.Node]:
    """A Write under the key of one side, in full resolution; gone again afterwards, and nothing of it to be undone."""
    proxy = nuke.root()["proxy"]
    was_proxy, write = proxy.value(), None
    nuke.Undo.disable()
    try:
        proxy.setValue(False)
        with node:
            write = nuke.nodes.Write()
            write.setInput(0, node.node(graph.KEYS[side]))
            write["file"].setValue(target.as_posix())
            for name, value in (*WRITE, ("datatype", node["datatype"].value())):
                write[name].setValue(value)
            yield write
    finally:
        nuke.delete(write)  # where it could not even be made this is None, which does nothing
        proxy.setValue(was_proxy)
        nuke.Undo.enable()


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
