"""The runner's events as a person or a machine wants them: a bar, lines, lines of JSON, or a farm's own words."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePath
from typing import Any

from inbetween.console import complain, say

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
    failures: list[Event] = []
    with _teller(voice) as tell:

        def listen(event: Event) -> None:
            if event["event"] == "failed":
                failures.append(event)
            tell(event)

        try:
            yield listen
        finally:
            for line in list_failures(failures):
                complain(line)


def list_failures(failures: list[Event]) -> Iterator[str]:
    """One line for each reason: which frames could not be made, and why."""
    by_reason: dict[str, list[str]] = {}
    for event in failures:
        by_reason.setdefault(_reason(event), []).append(PurePath(event["file"]).name)
    for reason, files in by_reason.items():
        names = files[0] if len(files) == 1 else f"{files[0]} to {files[-1]} ({len(files)} frames)"
        yield f"{names} {reason}"


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
            layers = f", {event['layers']} more channels move along" if event["layers"] else ""
            seen = "no picture, motion is seen in" if event["is_data"] else "picture"
            seen = f"motion is that of {event['guide']}, {seen}" if event["guide"] else seen
            given_motion = f", moved by {event['motion_vectors']}" if event["motion_vectors"] else ""
            picture = f"{seen} {' '.join(event['picture'])}{alpha}{layers}{given_motion}"
            given = f"{event['keys']} keys, {event['frames']} frames"
            given += f", {marked(event['marks'])}" if event["marks"] else ""
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


def marked(count: int) -> str:
    """How many marks there are, in words."""
    return f"{count} mark{'s' if count > 1 else ''}"


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


def _some(names: list[str], most: int = 5) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
