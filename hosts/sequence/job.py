"""What one run does: light enough to be read by `--help` and by hosts that never read a frame themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from inbetween.core.errors import SettingsError
from inbetween.core.settings import Settings, check, from_mapping, option

if TYPE_CHECKING:
    from inbetween.models.model import Abilities


@dataclass(frozen=True)
class Job:
    """One run of the sequence runner. Raises `SettingsError` when a value is out of bounds."""

    source: str = option("", "Folder of numbered key frames, or a pattern: shot.####.exr, shot.%04d.exr.")
    target: str = option("", "Folder for the whole sequence: keys copied bit for bit, in-betweens drawn.")
    settings: Settings = field(default_factory=Settings)
    guide: str = option(
        "",
        "Move everything as the picture of these frames moves, such as beauty/shot.####.exr; for passes in files of "
        "their own.",
        shape="FOLDER|PATTERN",
    )
    marks: str = option(
        "",
        "Table (CSV) of points on the keys, with a line mark,frame,x,y for each: what bears one name on two "
        "neighbouring keys is the same point of the drawing; for what goes astray.",
        shape="FILE",
    )
    motion_vectors: str = option(
        "",
        "Folder or pattern of a renderer's motion vectors (EXR) for every frame of the result, keys as well: things go "
        "as they say, and the model adds how light and shadow change; for renders.",
        shape="FOLDER|PATTERN",
    )
    frames: str = option(
        "", "Write only these frames of the result, such as 1001-1007 or 5,9,20-30 (--frames=-3-8 from a minus on)."
    )
    ext: str = option(
        "", "File type of the result, such as png; left empty it is the keys' own, and keys are copied bit for bit."
    )
    insert: int = option(
        0,
        "Draw this many new frames between each two keys and renumber the result; for keys without gaps.",
        minimum=0,
        maximum=1000,
        unit="frames",
    )
    cycle: int = option(
        0,
        "Frames after which the first key is seen again, such as 24: the gap from the last key back to it is filled as "
        "well, and things go through the seam as through any other key; 0 is no cycle.",
        minimum=0,
        unit="frames",
    )
    vectors: bool = option(
        False,
        "Write how every frame moves in place of what it shows, as EXR: forward.u and forward.v to the next one, "
        "backward.u and backward.v to the one before, in pixels, v up; and confidence.a, 0 to 1.",
    )
    overwrite: bool = option(
        False,
        "Make every frame anew; replace files that this tool did not make, in the target or as contact sheet.",
    )
    jobs: int = option(2, "Frames written at the same time.", minimum=1, maximum=64, pixels=False)
    contact_sheet: str = option(
        "", "Also save an overview of the whole result as this picture, such as sheet.png.", shape="FILE"
    )

    def __post_init__(self) -> None:
        check(self)
        if self.motion_vectors:
            _refuse_otherwise_led(self)
            # Keys around a gap have nothing to say of it then, and are in no recipe.
            object.__setattr__(self, "settings", replace(self.settings, path="straight"))


def _refuse_otherwise_led(job: Job) -> None:
    """Raise `SettingsError` for what would move things otherwise than their vectors say."""
    settings = job.settings
    if settings.timing != "linear":
        raise SettingsError(
            f"timing is {settings.timing!r}, but motion vectors say where everything is at each frame; choose linear, "
            "and retime the result"
        )
    if settings.path not in ("auto", "straight"):
        raise SettingsError(f"path is {settings.path!r}, but motion vectors say how everything goes; choose auto")
    for name, given in (("marks", job.marks), ("vectors", job.vectors)):
        if given:
            raise SettingsError(f"{name} and motion_vectors both say how everything goes; leave one of them out")


def refuse_undoable(job: Job, able: "Abilities") -> None:
    """Raise `SettingsError` for what a model cannot do of a job."""
    able.path_for(job.settings)
    if job.motion_vectors:
        able.refuse_motion_vectors(job.settings)
    if job.marks:
        able.refuse_marks(job.settings)
    if job.vectors:
        able.refuse_vectors(job.settings)


def job_from(values: Mapping[str, Any]) -> Job:
    """A job from plain values, `settings` a mapping among them. Raises `SettingsError` for an unknown name."""
    settings = from_mapping(Settings, values.get("settings", {}))
    return from_mapping(Job, {**values, "settings": settings})
