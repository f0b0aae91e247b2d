"""`inbetween bench`: how well and how fast each model draws, and how well it knows, beside a plain cross-dissolve."""

import argparse
import os
import platform
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from inbetween.arguments import add_options, values
from inbetween.console import DONE, Parser, answer, complain, log_at, say
from inbetween.core.errors import FrameWriteError, InputError, ModelError
from inbetween.core.settings import check, option
from inbetween.models.model import Model


@dataclass(frozen=True)
class Measured:
    """What is measured, and on what."""

    models: str = option("", "Models or weights files, separated by commas; empty takes every model there is.")
    device: str = option("auto", "Where the models run.", choices=("auto", "cpu", "cuda"))
    engine: str = option("auto", "What runs the models.", choices=("auto", "onnxruntime", "torch"))

    def __post_init__(self) -> None:
        check(self)


@dataclass(frozen=True)
class Quality(Measured):
    """How drawn frames are compared with true ones."""

    sample: int = option(0, "Take this many of the clips, evenly spread over their names; 0 takes all.", minimum=0)
    windows: int = option(3, "In-betweens drawn of each clip and distance, evenly spread over what moves.", minimum=1)
    size: int = option(512, "Longest side; larger clips are made smaller.", minimum=16, unit="pixels")


@dataclass(frozen=True)
class Scenes(Measured):
    """How large generated scenes are drawn."""

    times: int = option(1, "So many times 480 x 270 pixels: 4 is HD.", minimum=1)


@dataclass(frozen=True)
class Speed(Measured):
    """How time and memory are taken."""

    repeats: int = option(5, "Runs, of which the median counts.", minimum=1)


@dataclass(frozen=True)
class Sources:
    """What is named on the command line for a bench to measure on; without `nargs` it is one."""

    name: str
    help: str
    nargs: str | None = None


CLIPS = Sources(
    "clips",
    "folder of image sequences and animations, or one file; of a folder whose manifest.json tells training from "
    "validation, the validation clips",
    nargs="+",
)
SHOTS = Sources("shots", "folder of shots, each with the folders beauty and vectors")


@dataclass(frozen=True)
class Bench:
    """One kind of bench.

    `measured` gets the module, which is imported when the bench runs, the models, the settings and all options, and
    returns the table. `marked` is the setting that stands behind the bench's name in a document's markers.
    """

    settings: type[Measured]
    help: str
    description: str
    module: str
    measured: Callable[[ModuleType, Sequence[Model], Any, argparse.Namespace], str]
    sources: Sources | None = None
    marked: str | None = None


def _of_clips(module: ModuleType, models: Sequence[Model], asked: Quality, options: argparse.Namespace) -> str:
    return str(module.table(module.measure(models, options.clips, asked, tell=say)))


def _of_scenes(module: ModuleType, models: Sequence[Model], asked: Scenes, _: argparse.Namespace) -> str:
    return str(module.table(module.measure(models, asked.times, tell=say)))


def _of_compared_scenes(module: ModuleType, models: Sequence[Model], asked: Scenes, options: argparse.Namespace) -> str:
    figures = module.measure(models, asked.times, module.KINDS[options.bench], tell=say)
    return str(module.table(models, figures))


def _of_shots(module: ModuleType, models: Sequence[Model], _: Measured, options: argparse.Namespace) -> str:
    return str(module.table(module.measure(models, options.shots, tell=say)))


def _of_time(module: ModuleType, models: Sequence[Model], asked: Speed, _: argparse.Namespace) -> str:
    return str(module.table(module.measure(models, asked, tell=say)))


BENCHES: dict[str, Bench] = {
    "quality": Bench(
        Quality,
        "compare in-betweens with the true frames of clips",
        "Takes frames 2, 4 and 8 apart as keys, draws the one half-way, and compares it with the true one.",
        "inbetween.bench_quality",
        _of_clips,
        sources=CLIPS,
        marked="size",
    ),
    "doubt": Bench(
        Quality,
        "measure how well the frames that need a look are named",
        "Draws frames between keys 4 and 8 apart, and compares what is doubted with what is wrong.",
        "inbetween.bench_doubt",
        _of_clips,
        sources=CLIPS,
    ),
    "speed": Bench(
        Speed,
        "measure seconds and memory",
        "Takes the time of each model for a new pair of keys and for one more frame of the same pair.",
        "inbetween.bench_speed",
        _of_time,
    ),
    "scenes": Bench(
        Scenes,
        "compare in-betweens of generated scenes with the true frames",
        "Draws the middle of scenes that artists meet every day: cameras, titles, light, grounds, grain.",
        "inbetween.bench_scenes",
        _of_compared_scenes,
        marked="times",
    ),
    "slowing": Bench(
        Scenes,
        "compare in-betweens of generated scenes that slow down with the true frames",
        "Draws the same scenes as they slow down, through four keys, as a sequence is drawn by default.",
        "inbetween.bench_scenes",
        _of_compared_scenes,
        marked="times",
    ),
    "marks": Bench(
        Scenes,
        "measure what marks are worth, on generated scenes",
        "Draws the middle of scenes in which two keys mislead, without marks and with them.",
        "inbetween.bench_marks",
        _of_scenes,
        marked="times",
    ),
    "vectors": Bench(
        Scenes,
        "measure motion vectors and how far they are trusted, on generated scenes",
        "Leads drawn frames back along their vectors, and compares what is trusted with what is right.",
        "inbetween.bench_vectors",
        _of_scenes,
        marked="times",
    ),
    "renders": Bench(
        Measured,
        "compare in-betweens of renders, with motion vectors and without, with the true frames",
        "Takes rendered frames 4 and 8 apart as keys, and draws the one half-way, led by motion vectors.",
        "inbetween.bench_renders",
        _of_shots,
        sources=SHOTS,
    ),
}
"""Name -> how it is asked for, and what it measures."""


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = _parser().parse_args(argv)
    log_at(0)
    return answer(lambda: _run(options))


def _parser() -> Parser:
    parser = Parser("inbetween bench", description=__doc__)
    commands = parser.add_subparsers(dest="bench", required=True, metavar=" | ".join(BENCHES))
    for name, bench in BENCHES.items():
        one = commands.add_parser(name, help=bench.help, description=bench.description)
        if bench.sources is not None:
            named = bench.sources
            one.add_argument(named.name, metavar=named.name.upper(), nargs=named.nargs, type=Path, help=named.help)
        add_options(one, bench.settings)
        one.add_argument(
            "--write", type=Path, metavar="FILE", help="Put the result into a document, between its markers."
        )
    return parser


def _run(options: argparse.Namespace) -> int:
    bench = BENCHES[options.bench]
    module = import_module(bench.module)
    asked = bench.settings(**values(options, bench.settings))
    models = list(_models(asked))
    table = bench.measured(module, models, asked, options)
    kind = options.bench if bench.marked is None else f"{options.bench} {getattr(asked, bench.marked)}"
    return _publish(kind, table, models, options.write)


def _models(asked: Measured) -> Iterator[Model]:
    """The models that were named; of all models, those whose weights are here, and a line for each that is not."""
    from inbetween.models import registry

    if asked.models:
        yield from (registry.load(name.strip(), asked.device, asked.engine) for name in asked.models.split(","))
        return
    for name in registry.MODELS:
        try:
            yield registry.load(name, asked.device, asked.engine)
        except ModelError as error:
            complain(f"{name} is left out: {error}")


def _publish(kind: str, table: str, models: Sequence[Model], document: Path | None) -> int:
    """Show the table, and put it with date, machine and engines into a document between `<!-- bench KIND -->` marks."""
    engines = "; ".join(f"{model.name} {model.version} on {model.engine}" for model in models)
    text = f"{date.today().isoformat()}, {machine()}. {engines}.\n\n{table}"
    say(f"\n{text}")
    if document is not None:
        start, end = f"<!-- bench {kind} -->\n", f"<!-- end of bench {kind} -->"
        written = document.read_text("utf-8") if document.exists() else ""
        if start not in written or end not in written:
            raise InputError(f"{document} has no place for the result; put the lines {start.strip()} and {end} into it")
        before, rest = written.split(start, 1)
        try:
            document.write_text(f"{before}{start}{text}\n{end}{rest.split(end, 1)[1]}", "utf-8")
        except OSError as error:
            raise FrameWriteError(f"{document} could not be written ({error}); choose another file") from error
    return DONE


def machine() -> str:
    """This machine in a few words: processor, cores, system."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores, {platform.system()}"
