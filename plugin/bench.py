"""`inbetween bench`: how well and how fast each model draws, and how well it knows, beside a plain cross-dissolve."""

import argparse
import os
import platform
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from inbetween.arguments import add_options, values
from inbetween.console import DONE, answer, complain, log_at, say
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


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    options = _parser().parse_args(argv)
    log_at(0)
    return answer(lambda: int(options.command(options)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("inbetween bench", description=__doc__)
    commands = parser.add_subparsers(
        required=True, metavar="quality | doubt | speed | scenes | slowing | marks | vectors | renders"
    )
    quality = commands.add_parser(
        "quality",
        help="compare in-betweens with the true frames of clips",
        description="Takes frames 2, 4 and 8 apart as keys, draws the one half-way, and compares it with the true one.",
    )
    doubt = commands.add_parser(
        "doubt",
        help="measure how well the frames that need a look are named",
        description="Draws frames between keys 4 and 8 apart, and compares what is doubted with what is wrong.",
    )
    for one in (quality, doubt):
        one.add_argument(
            "clips",
            metavar="CLIPS",
            nargs="+",
            type=Path,
            help="folder of image sequences and animations, or one file; of a folder whose manifest.json tells "
            "training from validation, the validation clips",
        )
    speed = commands.add_parser(
        "speed",
        help="measure seconds and memory",
        description="Takes the time of each model for a new pair of keys and for one more frame of the same pair.",
    )
    scenes = commands.add_parser(
        "scenes",
        help="compare in-betweens of generated scenes with the true frames",
        description="Draws the middle of scenes that artists meet every day: cameras, titles, light, grounds, grain.",
    )
    slowing = commands.add_parser(
        "slowing",
        help="compare in-betweens of generated scenes that slow down with the true frames",
        description="Draws the same scenes as they slow down, through four keys, as a sequence is drawn by default.",
    )
    marks = commands.add_parser(
        "marks",
        help="measure what marks are worth, on generated scenes",
        description="Draws the middle of scenes in which two keys mislead, without marks and with them.",
    )
    vectors = commands.add_parser(
        "vectors",
        help="measure motion vectors and how far they are trusted, on generated scenes",
        description="Leads drawn frames back along their vectors, and compares what is trusted with what is right.",
    )
    renders = commands.add_parser(
        "renders",
        help="compare in-betweens of renders, with motion vectors and without, with the true frames",
        description="Takes rendered frames 4 and 8 apart as keys, and draws the one half-way, led by motion vectors.",
    )
    renders.add_argument(
        "shots", metavar="SHOTS", type=Path, help="folder of shots, each with the folders beauty and vectors"
    )
    asked = (
        (quality, Quality, _quality),
        (doubt, Quality, _doubt),
        (speed, Speed, _speed),
        (scenes, Scenes, partial(_drawn, kind="scenes")),
        (slowing, Scenes, partial(_drawn, kind="slowing")),
        (marks, Scenes, _marks),
        (vectors, Scenes, _vectors),
        (renders, Measured, _renders),
    )
    for one, kind, command in asked:
        add_options(one, kind)
        one.add_argument(
            "--write", type=Path, metavar="FILE", help="Put the result into a document, between its markers."
        )
        one.set_defaults(command=command)
    return parser


def _quality(options: argparse.Namespace) -> int:
    from inbetween import bench_quality

    asked = Quality(**values(options, Quality))
    models = list(_models(asked))
    figures = bench_quality.measure(models, options.clips, asked, tell=say)
    return _publish(f"quality {asked.size}", bench_quality.table(figures), models, options.write)


def _doubt(options: argparse.Namespace) -> int:
    from inbetween import bench_doubt

    asked = Quality(**values(options, Quality))
    models = list(_models(asked))
    found = bench_doubt.measure(models, options.clips, asked, tell=say)
    return _publish("doubt", bench_doubt.table(found), models, options.write)


def _speed(options: argparse.Namespace) -> int:
    from inbetween import bench_speed

    asked = Speed(**values(options, Speed))
    models = list(_models(asked))
    timings = bench_speed.measure(models, asked, tell=say)
    return _publish("speed", bench_speed.table(timings), models, options.write)


def _drawn(options: argparse.Namespace, kind: str) -> int:
    from inbetween import bench_scenes

    asked = Scenes(**values(options, Scenes))
    models = list(_models(asked))
    figures = bench_scenes.measure(models, asked.times, bench_scenes.KINDS[kind], tell=say)
    return _publish(f"{kind} {asked.times}", bench_scenes.table(models, figures), models, options.write)


def _marks(options: argparse.Namespace) -> int:
    from inbetween import bench_marks

    asked = Scenes(**values(options, Scenes))
    models = list(_models(asked))
    figures = bench_marks.measure(models, asked.times, tell=say)
    return _publish(f"marks {asked.times}", bench_marks.table(figures), models, options.write)


def _vectors(options: argparse.Namespace) -> int:
    from inbetween import bench_vectors

    asked = Scenes(**values(options, Scenes))
    models = list(_models(asked))
    figures = bench_vectors.measure(models, asked.times, tell=say)
    return _publish(f"vectors {asked.times}", bench_vectors.table(figures), models, options.write)


def _renders(options: argparse.Namespace) -> int:
    from inbetween import bench_renders

    asked = Measured(**values(options, Measured))
    models = list(_models(asked))
    figures = bench_renders.measure(models, options.shots, tell=say)
    return _publish("renders", bench_renders.table(figures), models, options.write)


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
