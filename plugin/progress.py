"""The runner's events as a person or a machine wants them: a bar, lines, lines of JSON, or a farm's own words."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any

from inbetween.console import complain, say
from inbetween.core.counted import counted
from inbetween.hosts.sequence import names

Event = dict[str, Any]
Listener = Callable[[Event], None]


@contextmanager
def listener(voice: str) -> Iterator[Listener]:
    """What to give to the runner as `emit`.

    `voice` is json, openjd (Open Job Description), quiet, or auto: a bar on a terminal, plain lines elsewhere. All but
    json name the frames that failed on stderr at the end, one line for each reason.
    """
    if voice == "json":
        yield lambda event: say(json.dumps(event, sort_keys=True))
        return
    heard: list[Event] = []
    with _teller(voice) as tell:

        def listen(event: Event) -> None:
            if event["event"] in ("sequence", "failed"):
                heard.append(event)
            tell(event)

        try:
            yield listen
        finally:
            for line in list_failures(heard):
                complain(line)


def list_failures(events: Iterable[Event]) -> Iterator[str]:
    """One line for each reason: which frames could not be made, and why.

    `events` are those of a run that begin a sequence or tell of a failure, in their order; others may be among them.
    """
    failed: dict[str, dict[str, dict[int, str]]] = {}
    sequence = ""
    for event in events:
        if event["event"] == "sequence":
            sequence = event["name"]
        elif event["event"] == "failed":
            files = failed.setdefault(_reason(event), {}).setdefault(sequence, {})
            files[event["frame"]] = PurePath(event["file"]).name
    for reason, sequences in failed.items():
        count = sum(map(len, sequences.values()))
        named = _some([run for files in sequences.values() for run in _runs(files)])
        yield f"{named} ({count} frames) {reason}" if count > 1 else f"{named} {reason}"


def _runs(files: dict[int, str]) -> Iterator[str]:
    """The files of one sequence, by their frames, as runs without a gap: `a.2.exr to a.4.exr`, `a.9.exr`."""
    for first, last in names.runs(sorted(files)):
        yield files[first] if first == last else f"{files[first]} to {files[last]}"


def _reason(event: Event) -> str:
    """Why a frame was not made, in words that do not name the frame itself."""
    file, message = event["file"], event["message"]
    return message.removeprefix(f"{file} ") if message.startswith(file) else f"not made: {message}"


def sentence(event: Event) -> str:
    """An event in words; empty for one that needs none."""
    match event["event"]:
        case "stray":
            return f"ignored, not frames of a sequence: {_some(event['files'])}"
        case "model":
            return f"model {event['name']} {event['version']}, run by {event['engine']}"
        case "sequence":
            alpha = f", alpha {event['alpha']}" if event["alpha"] else ""
            layers = f", {counted(event['layers'], 'more channel')} along with it" if event["layers"] else ""
            seen = "no picture, motion is seen in" if event["is_data"] else "picture"
            seen = f"motion is that of {event['guide']}, {seen}" if event["guide"] else seen
            given_motion = f", moved by {event['motion_vectors']}" if event["motion_vectors"] else ""
            picture = f"{seen} {' '.join(event['picture'])}{alpha}{layers}{given_motion}"
            given = f"{counted(event['keys'], 'key')}, {counted(event['frames'], 'frame')}"
            given += f", {counted(event['marks'], 'mark')}" if event["marks"] else ""
            return f"{event['name']}: {given}; {picture}; {_space(event)}"
        case "frame":
            return (
                f"[{event['done']}/{event['total']}] {event['action']} {PurePath(event['file']).name}{_between(event)}"
            )
        case "warning" | "cut" | "look":
            return str(event["message"])
        case "contact sheet":
            return f"contact sheet {event['file']}"
        case "done":
            counts = (
                f"{event[name]} {name}" for name in ("drawn", "held", "copied", "converted", "kept") if event[name]
            )
            failed = f"; {len(event['failed'])} failed" if event["failed"] else ""
            return f"done: {', '.join(counts) or 'nothing'}{failed}"
    return ""


@contextmanager
def _teller(voice: str) -> Iterator[Listener]:
    if voice == "auto" and sys.stderr.isatty():
        with _bar() as tell:
            yield tell
    else:
        yield {"quiet": _silence, "openjd": _openjd}.get(voice, _lines)


def _silence(event: Event) -> None:
    pass


def _lines(event: Event) -> None:
    text = sentence(event)
    if event["event"] in ("warning", "cut"):
        complain(text)
    elif text:
        say(text)


def _openjd(event: Event) -> None:
    """The lines that Open Job Description's sessions read from a task's output."""
    if "done" in event and event.get("total"):
        say(f"openjd_progress: {100 * event['done'] / event['total']:.1f}")
        say(f"openjd_status: {sentence(event) or event.get('message', '')}")
    else:
        _lines(event)


@contextmanager
def _bar() -> Iterator[Listener]:
    from tqdm import tqdm

    with tqdm(unit="frame", dynamic_ncols=True, leave=False) as bar:

        def tell(event: Event) -> None:
            if "total" in event:
                bar.total = event["total"]
                bar.set_postfix_str(PurePath(event["file"]).name, refresh=False)
                bar.update(event["done"] - bar.n)
            elif text := sentence(event):
                tqdm.write(text, file=sys.stderr)

        yield tell


def _between(event: Event) -> str:
    return f" (t {event['t']:.4g} from {event['keys'][0]} to {event['keys'][-1]})" if "t" in event else ""


def _space(event: Event) -> str:
    return f"{event['space']} values ({event['because']})"


def _some(files: list[str], most: int = 5) -> str:
    more = f" and {len(files) - most} more" if len(files) > most else ""
    return ", ".join(files[:most]) + more
