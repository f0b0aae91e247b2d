"""What a training run says while it goes: a bar on a terminal, lines elsewhere, or lines of JSON."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from inbetween.console import complain, say
from inbetween.core.counted import counted
from inbetween.progress import Event, Listener

SHOWN = ("moving", "remembered", "smear", "triad_mse")
"""Of the many figures of a validation, those a person follows."""


@contextmanager
def listener(voice: str) -> Iterator[Listener]:
    """What to give to a training run: `voice` is json, quiet (warnings and results only), or auto."""
    if voice == "json":
        yield lambda event: say(json.dumps(event, sort_keys=True))
    elif voice == "auto" and sys.stderr.isatty():
        with _bar() as tell:
            yield tell
    else:
        hidden = ("step", "validation", "base", "footage") if voice == "quiet" else ()
        yield lambda event: _speak(event, hidden)


def sentence(event: Event) -> str:
    """An event in words; empty for one that needs none."""
    match event["event"]:
        case "footage":
            return (
                f"{event['show']}: {counted(event['train'], 'shot')} to learn from, {event['validation']} to choose "
                f"the best weights by, {event['test']} to report on"
            )
        case "step":
            return f"[{event['step']}/{event['steps']}] {_loss(event)}, {event['seconds'] / 60:.1f} min"
        case "base":
            return f"before: {_figures(event)}"
        case "validation":
            return f"[{event['step']}/{event['steps']}] {'best so far: ' if event['best'] else ''}{_figures(event)}"
        case "report":
            before, after = event["remembered"]["before"], event["remembered"]["after"]
            remembered = f"On generated graphics, which the base knew: {before:.2f} dB before, {after:.2f} dB after."
            return f"{event['table']}\n\n{remembered}"
        case "handed over":
            seen = f"{event['sheet']}: test shots before and after, side by side"
            return f"{seen}\n{event['file']}: use it with inbetween-seq IN OUT --model {event['file']}"
    return ""


def _figures(event: Event) -> str:
    return ", ".join(f"{name} {event[name]:.4g}" for name in SHOWN if event.get(name) is not None)


def _loss(event: Event) -> str:
    return "loss not finite" if event["loss"] is None else f"loss {event['loss']:.5f}"


def _speak(event: Event, hidden: tuple[str, ...] = ()) -> None:
    if event["event"] == "warning":
        complain(event["message"])
    elif event["event"] not in hidden and (text := sentence(event)):
        say(text)


@contextmanager
def _bar() -> Iterator[Listener]:
    from tqdm import tqdm

    with tqdm(unit="step", dynamic_ncols=True, leave=False) as bar:

        def tell(event: Event) -> None:
            if event["event"] == "step":
                bar.total = event["steps"]
                bar.set_postfix_str(_loss(event), refresh=False)
                bar.update(event["step"] - bar.n)
            elif event["event"] == "warning":
                tqdm.write(event["message"], file=sys.stderr)
            elif text := sentence(event):
                tqdm.write(text, file=sys.stdout)

        yield tell
