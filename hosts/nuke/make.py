"""Keys to frames: the worker, progress, cancel, and the frames read back into the node.

Nuke's nodes are only touched from its main thread. With a window, the keys are rendered there, the worker is talked
to from a thread of its own, and the frames are read back in the main thread again; in a terminal (`nuke.GUI` is
false) all of it happens where it stands. Runs inside Nuke: standard library, `nuke` and the client, Python 3.7.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any, cast

import nuke

from inbetween.hosts.nuke import config, graph, keys, marks, panel
from inbetween.hosts.nuke.config import NodeError
from inbetween.hosts.worker.client import Job, Worker, WorkerError

PATIENCE = 0.05
"""Seconds between two looks at the worker and at the cancel button."""

BEING_MADE = "being made"
MOST_NOTES = 3
"""The panel has room for so many of the runner's remarks; Nuke's log gets them all."""

_using = threading.Lock()
_running: list[nuke.Group] = []
_workers: dict[str, Worker] = {}


@dataclass(frozen=True)
class Run:
    """One press of the button: everything it needs, so that what the artist does meanwhile does not matter."""

    asked: nuke.Group
    """The node itself: it may be renamed meanwhile, and another script may have one of the same name."""
    node: str
    python: str
    release: str
    """Of this side; the engine's may be another."""
    frames: str
    first: int
    last: int
    job: dict[str, Any]
    made: str
    cycle: int = 0
    """Frames after which the first is seen again; 0 where it is not."""
    notes: tuple[str, ...] = ()
    """What the artist should know however it ends."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended: `state` is the job's; `sentence` is what the artist reads.

    `notes` are what the runner wants the artist to know all the same, such as keys that it takes for a cut.
    """

    state: str
    sentence: str
    notes: tuple[str, ...] = ()


def start(node: nuke.Group) -> None:
    """Render the keys, draw what lies between them, read the frames back.

    With a window this returns once the keys are rendered; in a terminal when all is done, and a failure is raised.
    Raises `NodeError` for what the artist can put right.
    """
    name = node.fullName()
    if being_made(node):
        raise NodeError(f"{name} is being made already; wait, or press Cancel in the progress window")
    run = prepare(node)
    _running.append(node)
    node["state"].setValue(BEING_MADE)
    if nuke.GUI:
        threading.Thread(target=_beside, args=(run,), name=f"inbetween {name}", daemon=True).start()
        return
    outcome = finish(run, _talk(run, _say_line, lambda: False))
    if outcome.state != "done":
        raise NodeError(outcome.sentence)


def prepare(node: nuke.Group) -> Run:
    """Render the keys and write down what is to be done."""
    engine = config.load()
    wanted = keys.wanted(node)
    frames = output(node)
    folder, name = frames.rsplit("/", 1)
    rendered = f"{folder}/keys/{name}"
    at, cycle = [frame for _, frame in wanted], keys.cycle(node)
    settings = settings_of(node, engine, at)
    graph.build(node, nuke.nodes)
    keys.render(node, rendered, wanted, bool(node["reuse_keys"].value()))
    table, notes = marks.write(node, rendered, at)
    further = {"marks": table, "motion_vectors": _motion_vectors(node)}
    return Run(
        asked=node,
        node=node.fullName(),
        python=engine["python"],
        release=engine["release"],
        frames=frames,
        first=at[0],
        last=max(at[-1], at[0] + cycle - 1),
        cycle=cycle,
        job={
            "source": rendered,
            "target": folder,
            "settings": settings,
            "cycle": cycle,
            **{name: path for name, path in further.items() if path},
        },
        made=_fingerprint(node),
        notes=notes,
    )


def output(node: nuke.Group) -> str:
    """The pattern of the node's frames: a whole path, forward slashes, `%04d`.

    Raises `NodeError` where the knob says nothing usable, or another node writes to the same place.
    """
    where = _output(node)
    for other in every():
        if other.fullName() != node.fullName() and _writes_to(other, where):
            raise NodeError(f"{node.name()} and {other.name()} both keep their frames in {where}; give each its own")
    return where


def _writes_to(node: nuke.Group, where: str) -> bool:
    try:
        return _output(node) == where
    except NodeError:
        return False  # it writes nowhere; it will say so when its own button is pressed


def every() -> list[nuke.Group]:
    """All nodes of ours in the script, those inside groups too."""
    groups = cast("list[nuke.Group]", nuke.allNodes("Group", nuke.root(), True))
    return [one for one in groups if panel.VERSION in one.knobs()]


def _output(node: nuke.Group) -> str:
    text = keys.named(cast("nuke.File_Knob", node["output"])) or _beside_script(node)
    folder, name = PurePath(text).parent, PurePath(text).name
    if not folder.is_absolute():
        raise NodeError(f"{node.name()}: frames are to be kept in {text!r}; give the whole path")
    if set(str(folder)) & set("%#[]$"):
        raise NodeError(
            f"{node.name()}: Nuke reads more than a name into {folder}; keep frames where there is no %#[]$"
        )
    if not name.lower().endswith(".exr"):
        raise NodeError(f"{node.name()}: frames are kept as .exr, not as {name!r}")
    return keys.percent(text)


def _beside_script(node: nuke.Group) -> str:
    script = PurePath(nuke.root().name())
    if not script.is_absolute():
        raise NodeError(f"{node.name()}: save the script first, or say under Output where the frames are kept")
    return f"{script.parent.as_posix()}/inbetween/{script.stem}_{node.fullName()}/inbetween.%04d.exr"


def settings_of(node: nuke.Group, engine: Mapping[str, Any], frames: list[int]) -> dict[str, Any]:
    """The knobs as the engine's settings, plain values; the engine checks them.

    A knob that the node lacks, since the engine was replaced while its script was open, has its default.
    """
    known = node.knobs()
    values = {
        row["name"]: known[row["name"]].value() if row["name"] in known else row["default"]
        for row in engine["settings"]
    }
    values.update({row["name"]: int(values[row["name"]]) for row in engine["settings"] if row["type"] == "int"})
    values["model"] = str(cast("nuke.File_Knob", node["weights"]).evaluate() or "") or values["model"]
    if values["timing"] == panel.CHART:
        values["timing"] = node[panel.CHART].value()
    elif values["timing"] == panel.CURVE:
        values["timing"] = _curve(node, frames, values["on"])
    return values


def _motion_vectors(node: nuke.Group) -> str:
    """The pattern of the vectors; empty where none is named, also by a node of an earlier release."""
    known = node.knobs()
    return keys.named(cast("nuke.File_Knob", known["motion_vectors"])) if "motion_vectors" in known else ""


def _curve(node: nuke.Group, frames: list[int], on: int) -> str:
    """The chart that the animated knob draws: its value wherever a new drawing begins."""
    if len(frames) != 2:
        raise NodeError(f"{node.name()}: a curve is for two keys, and here are {len(frames)}; use a chart instead")
    if not node[panel.CURVE].isAnimated():
        raise NodeError(
            f"{node.name()}: the curve is flat; animate it in the Curve Editor, from 0 at frame {frames[0]} to 1 at "
            f"{frames[1]}"
        )
    starts = range(frames[0] + on, frames[1], on)
    return ",".join(repr(float(node[panel.CURVE].getValueAt(frame))) for frame in starts) or "linear"


def _fingerprint(node: nuke.Group) -> str:
    """What was asked for, so that the panel can say when it no longer is what the frames were made from."""
    known = node.knobs()
    names = [row.name for row in panel.rows(config.load()) if row.pixels and row.name in known]
    values = [*((name, str(known[name].toScript())) for name in names), *marks.told(node)]
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()


def say_state(node: nuke.Group) -> None:
    """Say in the panel whether the frames still are what the knobs ask for."""
    made, state = node["made"].value(), node["state"]
    if made and not being_made(node):
        note = " (knobs have changed since)"
        text = state.value().replace(note, "")
        state.setValue(text if made == _fingerprint(node) else text + note)


def being_made(node: nuke.Group) -> bool:
    """Whether a run for this node is under way."""
    return node.fullName() in [_full_name(one) for one in _running]


def woken(node: nuke.Group) -> None:
    """A node came out of a script or the clipboard: what was under way when it was written is so no longer."""
    if node["state"].value() == BEING_MADE and not being_made(node):
        node["state"].setValue("stopped when the script was closed; Make in-betweens goes on from there")


def _full_name(node: nuke.Group) -> str:
    """Empty for a node that is deleted, or whose script is closed."""
    try:
        return node.fullName()
    except ValueError:  # "A PythonObject is not attached to a node"
        return ""


def _beside(run: Run) -> None:
    """A run's own thread, in a Nuke with a window."""
    try:
        outcome = _with_progress(run)
    except Exception as problem:  # whatever it is, the node must not stay "being made"
        outcome = Outcome("failed", f"{run.node}: unexpected {type(problem).__name__}: {problem}; please report it")
    nuke.executeInMainThread(_tell, (run, outcome))


def _with_progress(run: Run) -> Outcome:
    """Talk to the worker while a progress window is open; the window goes when this function's `task` does."""
    task = nuke.ProgressTask(f"{run.node}: in-betweens")

    def show(done: int, total: int, message: str) -> None:
        task.setMessage(message)
        task.setProgress(int(100 * done / max(total, 1)))

    return _talk(run, show, task.isCancelled)


def _tell(run: Run, outcome: Outcome) -> None:
    if finish(run, outcome).state == "failed":
        nuke.message(outcome.sentence)


def _say_line(done: int, total: int, message: str) -> None:
    nuke.tprint(f"{message} ({done} of {total})")


def _talk(run: Run, show: Callable[[int, int, str], None], stop: Callable[[], bool]) -> Outcome:
    """Hand the job to the worker and stay with it to its end; one run at a time, as the worker does them."""
    show(0, 1, "waiting for another node" if _using.locked() else "starting the engine")
    while not _using.acquire(timeout=PATIENCE):
        if stop():
            return Outcome("cancelled", "stopped before anything was drawn")
    try:
        job = worker(run.python, run.release).submit(run.job)
        notes = _follow(job, show, stop)
    except WorkerError as problem:
        return Outcome("failed", f"{run.node}: {problem}")
    finally:
        _using.release()
    return replace(_outcome(run, job), notes=notes)


def _follow(job: Job, show: Callable[[int, int, str], None], stop: Callable[[], bool]) -> tuple[str, ...]:
    """Stay with a job to its end; returns what the runner remarked on the way."""
    notes: list[str] = []
    while not job.finished:
        for event in job.pump():
            _show_event(event, show)
            if event["event"] in ("cut", "warning", "look"):
                notes.append(event["message"])
        if stop():
            job.cancel()
        time.sleep(PATIENCE)
    return tuple(notes)


def _show_event(event: Mapping[str, Any], show: Callable[[int, int, str], None]) -> None:
    if "done" in event and "total" in event:
        show(event["done"], event["total"], f"frame {event['frame']}")
    elif event["event"] == "model":
        show(0, 1, f"{event['name']} on {event['engine']}")


def _outcome(run: Run, job: Job) -> Outcome:
    if job.state == "failed":
        return Outcome("failed", f"{run.node}: {job.error}")
    if job.state == "cancelled":
        return Outcome("cancelled", f"stopped; what was finished of {run.first}-{run.last} is kept")
    did = job.summary
    if did["failed"]:
        first = did["failed"][0]
        return Outcome("failed", f"{run.node}: {len(did['failed'])} frames failed, the first is {first['message']}")
    drawn, kept = did["drawn"] + did["held"], did["kept"]
    return Outcome("done", f"{run.first}-{run.last}: {drawn} in-betweens drawn, {kept} frames kept from before")


def worker(python: str, release: str) -> Worker:
    """The worker of this Nuke, started when there is none; it keeps its models between runs."""
    running = _workers.get(python)
    if running is None or not running.alive:
        running = _workers[python] = Worker(python, release=release)
    return running


def release() -> None:
    """End the worker, so that its memory is free for Nuke; the next run starts another."""
    if not _using.acquire(blocking=False):
        nuke.message("In-betweens are being made; press Cancel in their progress window first.")
        return
    try:
        for running in _workers.values():
            running.close()
        _workers.clear()
    finally:
        _using.release()


def finish(run: Run, outcome: Outcome) -> Outcome:
    """Read the frames back into the node; main thread only. A node that is gone meanwhile is let go."""
    _running.remove(run.asked)
    outcome = replace(outcome, notes=(*run.notes, *outcome.notes))
    for note in outcome.notes:
        nuke.warning(f"{run.node}: {note}")
    if not _full_name(run.asked):
        return outcome
    node = run.asked
    node["state"].setValue("\n".join([outcome.sentence, *_in_short(outcome.notes)]))
    if keys.on_disk(run.frames):
        _read_back(node, run)
        node["ready"].setValue(True)
        node["made"].setValue(run.made if outcome.state == "done" else "")
    return outcome


def _in_short(notes: tuple[str, ...]) -> list[str]:
    more = len(notes) - MOST_NOTES
    return [*notes[:MOST_NOTES], *([f"and {more} more remarks, in Nuke's log"] if more > 0 else [])]


def _read_back(node: nuke.Group, run: Run) -> None:
    read = cast("nuke.Node", node.node(graph.RESULT))
    read["file"].setValue(run.frames)
    for name in ("first", "origfirst"):
        read[name].setValue(run.first)
    for name in ("last", "origlast"):
        read[name].setValue(run.last)
    for name in ("before", "after"):
        read[name].setValue("loop" if run.cycle else "hold")
    read["raw"].setValue(True)
    # The path is the same as last time; without this Nuke shows what it has in its cache.
    cast("nuke.Script_Knob", read["reload"]).execute()
