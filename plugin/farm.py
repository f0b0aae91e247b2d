"""`inbetween farm IN OUT`: writes a render farm job that fills the gaps of a sequence in parallel."""

import argparse
import json
import shlex
from collections.abc import Sequence
from pathlib import Path

from inbetween.arguments import add_options, values
from inbetween.console import DONE, Parser, answer, say
from inbetween.core.errors import InputError, SettingsError
from inbetween.core.settings import Settings
from inbetween.hosts.sequence.job import Job

POSITIONAL = ("source", "target")


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = Parser(
        "inbetween farm",
        description="Writes an Open Job Description template that fills the gaps of a sequence on many machines.",
        epilog="Every machine needs inbetween-seq and sees IN and OUT.",
    )
    parser.add_argument("source", metavar="IN", help="folder of numbered key frames, or a pattern: shot.####.exr")
    parser.add_argument("target", metavar="OUT", help="folder for the whole sequence")
    parser.add_argument("--save", metavar="JOB.json", help="where to write the template; without it, stdout")
    parser.add_argument(
        "--frames-per-task", metavar="FRAMES", type=int, default=24, help="least length of a task [default 24]"
    )
    add_options(parser.add_argument_group("what is done"), Job, POSITIONAL)
    add_options(parser.add_argument_group("how it is drawn"), Settings)
    options = parser.parse_args(argv)
    return answer(lambda: _write(options))


def _write(options: argparse.Namespace) -> int:
    from inbetween.hosts.farm import paths, template

    if options.frames_per_task < 1:
        raise SettingsError(f"--frames-per-task is {options.frames_per_task}; a task has at least 1 frame")
    settings = Settings(**values(options, Settings))
    job = Job(options.source, options.target, settings, **values(options, Job, POSITIONAL))
    text = json.dumps(template(job, options.frames_per_task), indent=2)
    if not options.save:
        say(text)
        return DONE
    try:
        Path(options.save).write_text(f"{text}\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{options.save} could not be written: {error.strerror}; name another file") from error
    given = ((name, Path(path).absolute()) for name, path in paths(job).items())
    places = shlex.join(word for name, path in given for word in ("-p", f"{name}={path}"))
    say(f"to run it here: openjd run {shlex.quote(options.save)} --step Finish --run-dependencies {places}")
    return DONE
