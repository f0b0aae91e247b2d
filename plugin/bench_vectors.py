"""How good vectors are and how far they are trusted with reason, on generated scenes whose true frames are known."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from itertools import pairwise

import numpy as np

from inbetween import markdown
from inbetween.bench_doubt import rank_correlation
from inbetween.bench_scenes import WHEN
from inbetween.core.channels import RGBA
from inbetween.core.errors import InputError
from inbetween.core.network import Moved, VectorNetwork
from inbetween.models import metrics
from inbetween.models.arrays import length, max_difference
from inbetween.models.model import Model
from inbetween.models.optical import dense, grey_copy
from inbetween.models.training.readers import Picture
from inbetween.models.warp import Plane, fetched_along, pixels
from inbetween.scenes import CAMERAS, SCENES
from inbetween.stage import Stage

TRUSTED, WRONG = 0.5, 0.05
"""From which confidence on a pixel counts as trusted, and from which difference on, of 1, it is drawn wrong."""
STEPS = tuple(pairwise((0.0, *WHEN, 1.0)))


@dataclass(frozen=True)
class Figures:
    """Of one scene, or their mean over many; NaN where a figure has no meaning."""

    trusted: float
    """Per cent of the pixels whose way to the next frame is trusted by half or more."""
    led: float
    """PSNR in dB, over these pixels, of the next drawn frame led back along that way beside this drawn frame."""
    still: float
    """The same without any motion."""
    optical: float
    """The same along plain optical flow from this drawn frame to the next one."""
    led_all: float
    """As `led`, over all pixels: what the next frame hides cannot be fetched from there."""
    optical_all: float
    """As `optical`, over all pixels."""
    rank: float
    """Spearman's correlation of what is lacking of trust with how wrong the drawn frame is, over its pixels."""
    wrong: float
    """Per cent of the trusted pixels of drawn frames that are wrong by more than `WRONG`."""
    wrong_else: float
    """The same of all others."""
    off: float
    """Mean distance in pixels of the way from the true one, over trusted pixels, where that is known."""
    off_all: float
    """The same over all pixels."""


def measure(models: Sequence[Model], times: int, tell: Callable[[str], None]) -> dict[str, list[Figures]]:
    """Model -> the figures of each scene; of models that tell vectors. Raises `InputError` where none does."""
    stage, found = Stage(times), dict[str, list[Figures]]()
    for model in models:
        network = model.network(RGBA, "display")
        if model.knows_vectors and isinstance(network, VectorNetwork):
            found[model.name] = [_of_scene(network, stage, scene) for scene in _told(model.name, tell)]
    if not found:
        raise InputError("no vectors can be measured; name a model that moves pixels")
    return found


def table(found: dict[str, list[Figures]]) -> str:
    """Markdown: the mean over all scenes, a row for each model."""
    head = [
        "model",
        "trusted %",
        *(f"{what}, PSNR dB" for what in ("next frame led back", "not moved", "by optical flow between the two")),
        *(f"{what}, all pixels, PSNR dB" for what in ("led back", "by optical flow")),
        "rank correlation of mistrust with error",
        *(f"drawn wrong, of {those} %" for those in ("trusted", "others")),
        *(f"off the true way, {where} px" for where in ("trusted", "all")),
    ]
    rows = []
    for name, figures in found.items():
        means = np.nanmean([astuple(each) for each in figures], axis=0)
        places = (0, 1, 1, 1, 1, 1, 2, 1, 1, 2, 2)
        rows.append([name, *(f"{mean:.{place}f}" for mean, place in zip(means, places, strict=True))])
    assert len(head) == len(fields(Figures)) + 1
    return markdown.table(head, rows)


def _told(name: str, tell: Callable[[str], None]) -> Iterator[str]:
    for scene in SCENES:
        tell(f"{scene}, {name}")
        yield scene


def _of_scene(network: VectorNetwork, stage: Stage, scene: str) -> Figures:
    start, end = SCENES[scene](stage, 0.0), SCENES[scene](stage, 1.0)
    between = network(start[None], end[None], np.array(WHEN, np.float32).reshape(-1, 1, 1, 1))
    frames = [start, *between, end]
    moved = list(network.vectors(start[None], end[None], STEPS))
    found = [
        (*_led(frame, after, there), *_off(stage, scene, step, there))
        for frame, after, (there, _), step in zip(frames, frames[1:], moved, STEPS, strict=False)
    ]
    trusted, led, still, optical, led_all, optical_all, off, off_all = np.mean(found, axis=0)
    wrong = [_wrong(frame, SCENES[scene](stage, t)) for frame, t in zip(between, WHEN, strict=True)]
    return Figures(trusted, led, still, optical, led_all, optical_all, *_reason(wrong, moved), off, off_all)


def _led(frame: Picture, after: Picture, there: Moved) -> tuple[float, ...]:
    """What `Figures` has of a drawn frame and the next one, from `trusted` to `optical_all`."""
    sure = there.trust >= TRUSTED
    shown, other = metrics.over_grey(frame), metrics.over_grey(after)
    flow = dense(grey_copy(frame, RGBA, "display"), grey_copy(after, RGBA, "display"))
    led, optical = fetched_along(other, there.flow), fetched_along(other, flow)
    sized = (metrics.psnr(each, shown, sure) for each in (led, other, optical))
    return 100 * float(sure.mean()), *sized, metrics.psnr(led, shown), metrics.psnr(optical, shown)


def _off(stage: Stage, scene: str, step: tuple[float, float], there: Moved) -> tuple[float, float]:
    """How far a way is from the true one, in pixels: on average where it is trusted, and everywhere."""
    if scene not in CAMERAS:
        return np.nan, np.nan
    here, onwards = (np.vstack((stage.sight(**CAMERAS[scene](t)), (0, 0, 1))) for t in step)
    way = (onwards @ np.linalg.inv(here))[:2]
    places = pixels(stage.size)
    off = length(places @ way[:, :2].T + way[:, 2] - places - there.flow)
    return float(off[there.trust >= TRUSTED].mean()), float(off.mean())


def _reason(wrong: Sequence[Plane], moved: Sequence[tuple[Moved, Moved]]) -> tuple[float, float, float]:
    """What `Figures` has of the trust in frames between the keys: `rank`, `wrong` and `wrong_else`.

    Each stands between the step that leads to it and the one that goes on.
    """
    confidence = [np.minimum(back.trust, there.trust) for (_, back), (there, _) in pairwise(moved)]
    trust, error = (np.concatenate([each.ravel() for each in those]) for those in (confidence, wrong))
    bad, sure = error > WRONG, trust >= TRUSTED
    share, share_else = (100 * float(bad[those].mean()) if those.any() else np.nan for those in (sure, ~sure))
    return rank_correlation(1 - trust.astype(np.float64), error.astype(np.float64)), share, share_else


def _wrong(frame: Picture, truth: Picture) -> Plane:
    """How wrong each pixel is, (H, W): the largest difference over the channels."""
    return max_difference(frame, truth)
