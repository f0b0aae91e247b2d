"""`inbetween data add|list|forget|verify`: the training store and who may learn from what is in it."""

import argparse
import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from inbetween.arguments import add_options, values
from inbetween.console import DONE, FAILED, Parser, answer, complain, log_at, say
from inbetween.core.counted import counted
from inbetween.core.errors import InputError
from inbetween.models.training.rules import Rules
from inbetween.premises.permission import SCOPES

STORE = "training-store"

EPILOGUE = """\
Renders go into the store only where a permission.json in their folder, or above it, gives the owner's leave.
Everything that is done is written to the store's audit.jsonl, each line sealed by the one before.

exit codes: 0 done, 1 something is damaged, 2 wrong use, wrong input or no permission"""


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = _parser().parse_args(argv)
    log_at(options.verbose)
    run: Callable[[argparse.Namespace], int] = options.run
    return answer(lambda: run(options))


def _parser() -> Parser:
    parser = Parser(
        "inbetween data",
        description="The footage that models may learn from, on your own disks.",
        epilog=EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add = _command(commands, "add", "take renders in: curated, split by shot, every file under its hash", _add)
    add.add_argument(
        "renders", metavar="RENDERS", type=Path, help="folder of sequences and animations, or one animation"
    )
    add.add_argument("--for", dest="purpose", choices=SCOPES, default=SCOPES[0], help="What leave is needed for.")
    add.add_argument("--strict", action="store_true", help="Stop at the first clip that cannot be read; store nothing.")
    add_options(add.add_argument_group("what is fit to learn from"), Rules)
    listing = _command(commands, "list", "show the shots, by show and side of the split", _list)
    listing.add_argument("--json", action="store_true", help="One line of JSON for each shot.")
    forget = _command(commands, "forget", "remove a show and name every weights file that learned from it", _forget)
    forget.add_argument("show", metavar="SHOW", help="the show's name, as its permission has it")
    _command(commands, "verify", "check every file and the audit log against their hashes", _verify)
    return parser


def _command(
    commands: "argparse._SubParsersAction[Parser]",
    name: str,
    text: str,
    run: Callable[[argparse.Namespace], int],
) -> Parser:
    parser = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    parser.add_argument("--store", type=Path, default=Path(STORE), help=f"The training store. [default {STORE}]")
    parser.add_argument("-v", "--verbose", action="count", default=0, help="Say more; twice for everything.")
    parser.set_defaults(run=run)
    return parser


def _add(options: argparse.Namespace) -> int:
    from inbetween import intake

    rules = Rules(**values(options, Rules))
    taken = intake.take_in(options.renders, options.store, options.purpose, rules, options.strict, complain)
    sides = Counter(entry.place.side for entry in taken.entries)
    say(
        f"{taken.permission.show}: {counted(taken.added, 'shot')} added, {len(taken.entries) - taken.added} there "
        f"before, {len(taken.left_out)} left out; {sides['train']} to learn from, {sides['validation']} to choose by, "
        f"{sides['test']} to report on"
    )
    return DONE


def _list(options: argparse.Namespace) -> int:
    from inbetween.models.training import store

    for entry in store.entries(_existing(options.store)):
        row = {
            "show": entry.show,
            "side": entry.place.side,
            "clip": entry.shot.clip,
            "drawings": len(entry.shot.drawings),
            "frames": sum(entry.shot.exposures),
            "size": f"{entry.shot.size[1]}x{entry.shot.size[0]}",
            "content": entry.shot.content,
        }
        if options.json:
            say(json.dumps(row, sort_keys=True))
        else:
            say(
                f"{entry.show:20}{row['side']:12}{row['drawings']:>5} drawings in {row['frames']:>5} frames"
                f"{row['size']:>12}  {row['clip']}"
            )
    return DONE


def _forget(options: argparse.Namespace) -> int:
    from inbetween import intake

    gone, learned = intake.forget(_existing(options.store), options.show)
    say(f"{options.show}: {counted(len(gone), 'shot')} removed")
    for weights in learned:
        how = f"learned from {weights.shots} of them" if weights.shots else "began from weights that learned from them"
        say(f"{weights.file} (sha256 {weights.sha256}) {how}; retire it")
    return DONE


def _verify(options: argparse.Namespace) -> int:
    from inbetween.models.training import store
    from inbetween.premises import audit, manifest

    target = _existing(options.store)
    events = list(audit.events(target))
    seals = {event["sha256"] for event in events}
    damaged = list(store.damaged(target))
    lost = [one["Weights"]["file"] for one in manifest.manifests(target) if one["Run"]["audit"] not in seals]
    for blob in damaged:
        complain(f"{store.blob_path(target, blob)} ({blob.name}) is missing or altered; restore it from a backup")
    for weights in lost:
        complain(f"{target / audit.FILE} no longer tells how {weights} was handed over; restore it from a backup")
    say(f"audit log: {len(events)} events, unbroken; files: {len(damaged)} damaged")
    return FAILED if damaged or lost else DONE


def _existing(target: Path) -> Path:
    """Raises `InputError` unless there is a store."""
    if not target.is_dir():
        raise InputError(f"{target} is no training store; name one with --store, or make one with `inbetween data add`")
    return target
