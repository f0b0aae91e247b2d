"""`inbetween-seq IN OUT`: fills the gaps of a frame sequence."""

import argparse
import json
from collections.abc import Sequence
from typing import Any

from inbetween.arguments import add_options, values
from inbetween.console import DONE, FAILED, Parser, Stop, perform, say
from inbetween.core.counted import counted
from inbetween.core.settings import Settings
from inbetween.hosts.sequence.job import Job

POSITIONAL = ("source", "target")

EPILOGUE = """\
Every gap in the numbering is filled: keys 1, 9 and 17 give frames 2-8 and 10-16. A frame drawn by hand and put among
the keys is a breakdown: the same command then redoes only what depends on it. A stopped run goes on where it was.
A value that begins with a minus takes an equals sign: --frames=-3-8, --timing=-5:ease-in.

exit codes: 0 done, 1 a frame failed (the rest is done), 2 wrong use or wrong input, 130 interrupted"""


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    return perform(_parser(), _run, argv)


def _parser() -> Parser:
    parser = Parser(
        "inbetween-seq",
        description="Draws the frames between key frames: every gap in a numbered sequence.",
        epilog=EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "source", metavar="IN", help="folder of numbered key frames, or a pattern such as shot.####.exr"
    )
    parser.add_argument("target", metavar="OUT", help="folder for the whole sequence; keys are copied bit for bit")
    add_options(parser.add_argument_group("what is done"), Job, (*POSITIONAL, "settings"))
    parser.add_argument("--resume", dest="overwrite", action="store_false", help="Keep finished frames: the default.")
    parser.add_argument("--dry-run", action="store_true", help="Show what would be done for each frame; write nothing.")
    add_options(parser.add_argument_group("how it is drawn"), Settings)
    said = parser.add_argument_group("what is said")
    said.add_argument("--json", action="store_true", help="One line of JSON on stdout for each thing that happens.")
    said.add_argument("--openjd", action="store_true", help="Progress in the words of Open Job Description.")
    said.add_argument("-q", "--quiet", action="store_true", help="Say nothing but errors.")
    said.add_argument("-v", "--verbose", action="count", default=0, help="Say more; twice for everything.")
    return parser


def _run(options: argparse.Namespace) -> int:
    job = Job(
        options.source,
        options.target,
        Settings(**values(options, Settings)),
        **values(options, Job, (*POSITIONAL, "settings")),
    )
    if options.dry_run:
        return _show_plan(job, options.json)
    from inbetween.hosts.sequence.run import run
    from inbetween.progress import listener

    with Stop() as stop, listener(_voice(options)) as tell:
        summary = run(job, tell, stop)
    return FAILED if summary.failed else DONE


def _voice(options: argparse.Namespace) -> str:
    return "json" if options.json else "openjd" if options.openjd else "quiet" if options.quiet else "auto"


def _show_plan(job: Job, as_json: bool) -> int:
    """Every frame of the result, as a table or as lines of JSON."""
    from inbetween.hosts.sequence.marks import count
    from inbetween.hosts.sequence.run import preview
    from inbetween.progress import sentence

    def tell(event: dict[str, Any]) -> None:
        say(json.dumps(event, sort_keys=True) if as_json else sentence(event))

    for sequence, rows in preview(job, tell):
        if not as_json:
            led = f", moving as {sequence.guide.sequence.pattern} does" if sequence.guide else ""
            led += f", moved by {sequence.motion.sequence.pattern}" if sequence.motion else ""
            led += f", {counted(count(sequence.marks), 'mark')}" if sequence.marks else ""
            say(f"{sequence.sequence.folder / sequence.sequence.pattern} -> {sequence.target}{led}")
            say(f"{'frame':>8}  {'what':8}{'t':>8}  from")
        for row in rows:
            if as_json:
                tell({"event": "plan", **vars(row)})
            else:
                t = "" if row.t is None else f"{row.t:.4f}"
                say(f"{row.frame:>8}  {row.action:8}{t:>8}  {' '.join(row.keys)}")
    return DONE
