"""A render farm job in the Open Job Description (2023-09): the runner's own command, one task for a few gaps.

Tasks are cut at keys, since the drawings of a gap are made together; each can be run again at any time, because the
runner skips what is done. A last step goes over the whole sequence, so that the job ends only when it is complete.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inbetween.core.errors import InputError, SettingsError
from inbetween.core.settings import Settings, describe
from inbetween.hosts.sequence.job import Job, refuse_undoable
from inbetween.hosts.sequence.plan import SequencePlan, plan
from inbetween.hosts.sequence.provenance import is_sheet
from inbetween.models import registry

MOST_TASKS = 1024
"""What the specification allows for a list of values."""

LONGEST_VALUE = 1024
"""Characters that it allows for the value of a parameter."""

FURTHER = ("guide", "marks", "motion_vectors")
"""Options of a job that name what else is read."""

KINDS = {"str": "STRING", "int": "INT", "float": "FLOAT"}


def template(job: Job, frames_per_task: int) -> dict[str, Any]:
    """The job template, JSON-ready: every setting is a parameter with the help, limits and default it has everywhere.

    The paths are parameters `In`, `Out` and, where they are given, `Guide` and the like (`FURTHER`), without a default,
    which the specification allows below the template only.
    Raises `InputError` when the source is not exactly one sequence, or the contact sheet's name is another file's, and
    `SettingsError` or `ModelError` for what no task could do: the model need not run here, but its card is read.
    """
    _refuse_long_timing(job.settings.timing)
    sequences = plan(job).sequences
    if len(sequences) > 1:
        names = ", ".join(each.sequence.pattern for each in sequences)
        raise InputError(f"{job.source} holds several sequences ({names}); name one of them by its pattern")
    _refuse_foreign_sheet(job.contact_sheet)
    refuse_undoable(job, registry.abilities(job.settings.model))
    tasks = list(_tasks(sequences[0], max(frames_per_task, -(-len(sequences[0].wanted) // MOST_TASKS))))
    return {
        "specificationVersion": "jobtemplate-2023-09",
        "name": "inbetween {{Param.Name}}",
        "parameterDefinitions": list(_parameters(job, sequences[0])),
        "steps": [_draw(job, tasks), _finish(job)],
    }


def paths(job: Job) -> dict[str, str]:
    """What each path parameter of the template stands for."""
    further = {_title(name): getattr(job, name) for name in FURTHER if getattr(job, name)}
    return {"In": job.source, "Out": job.target, **further}


def _refuse_foreign_sheet(name: str) -> None:
    """The last step, which makes the sheet, goes over what is done and has no leave to replace anything."""
    sheet = Path(name)
    if name and sheet.exists() and not is_sheet(sheet):
        raise InputError(
            f"{sheet} is no contact sheet made by this tool, or was changed since; move it away or name another file"
        )


def _refuse_long_timing(timing: str) -> None:
    if len(timing) > LONGEST_VALUE:
        raise SettingsError(
            f"timing has {len(timing)} characters, and a farm job takes at most {LONGEST_VALUE}; give fractions fewer "
            "digits, or write one job for each part of the shot, with its frames and the timing of its own gaps"
        )


def _tasks(sequence: SequencePlan, least: int) -> Iterator[str]:
    """Ranges of frames that end before a key, of at least so many frames each."""
    numbers = sorted(sequence.wanted)
    begin = 0
    for end in range(1, len(numbers) + 1):
        if end == len(numbers) or (end - begin >= least and numbers[end] in sequence.keys):
            yield _range(numbers[begin], numbers[end - 1])
            begin = end


def _range(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}-{last}"


def _parameters(job: Job, sequence: SequencePlan) -> Iterator[dict[str, Any]]:
    yield {"name": "Name", "type": "STRING", "default": sequence.sequence.pattern[:64]}
    for name, folder in paths(job).items():
        flow = "OUT" if name == "Out" else "IN"
        kind = "DIRECTORY" if flow == "OUT" or Path(folder).is_dir() else "FILE"
        yield {"name": name, "type": "PATH", "objectType": kind, "dataFlow": flow}
    for row in describe(Settings):
        definition = {"name": _title(row["name"]), "type": KINDS[row["type"]], "description": row["help"]}
        limits = {"allowedValues": list(row["choices"]), "minValue": row["minimum"], "maxValue": row["maximum"]}
        default = getattr(job.settings, row["name"])
        yield {
            **definition,
            "default": default,
            **{name: limit for name, limit in limits.items() if limit not in (None, [])},
        }


def _draw(job: Job, tasks: list[str]) -> dict[str, Any]:
    frames = {"name": "Frames", "type": "STRING", "range": tasks}
    step: dict[str, Any] = {
        "name": "Inbetween",
        "parameterSpace": {"taskParameterDefinitions": [frames]},
        "script": _script(
            [*_arguments(job), "--frames={{Task.Param.Frames}}", *(["--overwrite"] if job.overwrite else [])]
        ),
    }
    if job.settings.device == "cuda":
        step["hostRequirements"] = {"amounts": [{"name": "amount.worker.gpu", "min": 1}]}
    return step


def _finish(job: Job) -> dict[str, Any]:
    """Look over the whole result; makes a contact sheet of it if one is wanted."""
    sheet = [f"--contact-sheet={Path(job.contact_sheet).absolute()}"] if job.contact_sheet else []
    frames = [f"--frames={job.frames}"] if job.frames else []
    return {
        "name": "Finish",
        "dependencies": [{"dependsOn": "Inbetween"}],
        "script": _script([*_arguments(job), *frames, *sheet]),
    }


def _arguments(job: Job) -> list[str]:
    settings = [f"--{_flag(row['name'])}={{{{Param.{_title(row['name'])}}}}}" for row in describe(Settings)]
    given = [f"--{name}={getattr(job, name)}" for name in ("ext", "insert", "cycle", "jobs")]
    further = [f"--{_flag(name)}={{{{Param.{_title(name)}}}}}" for name in FURTHER if getattr(job, name)]
    vectors = ["--vectors"] if job.vectors else []
    return ["{{Param.In}}", "{{Param.Out}}", "--openjd", *further, *vectors, *given, *settings]


def _script(arguments: list[str]) -> dict[str, Any]:
    """A polite end: the runner finishes the frames it has in hand when it is asked to stop."""
    cancelation = {"mode": "NOTIFY_THEN_TERMINATE", "notifyPeriodInSeconds": 30}
    return {"actions": {"onRun": {"command": "inbetween-seq", "args": arguments, "cancelation": cancelation}}}


def _flag(name: str) -> str:
    return name.replace("_", "-")


def _title(name: str) -> str:
    """`cut_threshold` as `CutThreshold`."""
    return "".join(word.capitalize() for word in name.split("_"))
