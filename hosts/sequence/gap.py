"""From two keys to the pictures between them: what is not a number is mended, cuts are seen, the network is asked."""

import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inbetween.core.channels import Channels
from inbetween.core.clamp import cleaner
from inbetween.core.continuity import Verdict, is_cut, judge
from inbetween.core.errors import DrawingError, InbetweenError
from inbetween.core.inbetween import frames_at_once, inbetween
from inbetween.core.network import Beyond, DoubtingNetwork, Mark, Network, PathNetwork
from inbetween.core.schedule import Drawing
from inbetween.core.settings import Settings
from inbetween.hosts.sequence.frames import Pixels
from inbetween.hosts.sequence.plan import Span
from inbetween.models.motion.masks import nearest

log = logging.getLogger(__name__)

SPENT = ("out of memory", "insufficient memory", "alloc")
"""Words by which engines say that memory ran out: torch and CUDA, OpenCV, ONNX Runtime and C++."""
LESS = "set memory lower, or take another device or model"
REPORT = (
    "that is a fault of this tool: please report it with the traceback, which is in the worker's log or, on a command "
    "line, said at -v -v, and take another device or model until then"
)
"""What to do about it, and about anything else that an engine raises."""


@dataclass(frozen=True)
class Hand:
    """Who draws: the network for frames of a layout in a working space, and how it is asked."""

    network: Network
    scheme: str
    path: str
    """"straight", or for a `PathNetwork` also "arc" or "smooth"."""
    knows_time: bool
    channels: Channels
    space: str
    settings: Settings
    follows: bool = False
    """Whether the network knows by itself where everything goes: then nothing is held, and nothing is a cut."""


@dataclass(frozen=True)
class Drawn:
    """A drawing and its frame."""

    drawing: Drawing
    frame: Pixels
    doubt: float | None
    """As `core.network.DoubtingNetwork` has it; None where nobody can say, and for a key that is held."""


def draw(
    start: Pixels,
    end: Pixels,
    span: Span,
    hand: Hand,
    beyond: Callable[[], tuple[Beyond | None, Beyond | None]],
    marks: Sequence[Mark] = (),
) -> tuple[Verdict, Iterator[Drawn]]:
    """What lies between two keys (H, W, C), and every drawing with its frame, as soon as it exists.

    Where nothing moves or everything changes, the first key is held: one drawing at t = 0. `beyond` is asked for the
    keys before and after the two only when they are needed. `marks`, on the two, are for a `PathNetwork` alone.
    """
    verdict = Verdict.MOVE if hand.follows else judge(start, end, hand.channels, hand.space, hand.settings)
    if verdict is not Verdict.MOVE:
        held = Drawing(span.gap.first, 0.0, tuple(span.gap.missing))
        return verdict, _frames(start, end, (held,), hand.network, hand)
    return verdict, _frames(start, end, span.drawings, led(start, end, hand, beyond, marks), hand)


def led(
    start: Pixels,
    end: Pixels,
    hand: Hand,
    beyond: Callable[[], tuple[Beyond | None, Beyond | None]],
    marks: Sequence[Mark],
) -> Network:
    """The network for two keys, led through the keys beyond them and by marks where it is to be; see `draw`."""
    if hand.path == "straight" and not marks:
        return hand.network
    return _through(start, end, hand, (None, None) if hand.path == "straight" else beyond(), marks)


def mend(pixels: Pixels, channels: Channels) -> tuple[Pixels, int]:
    """A copy without what cannot be drawn with, and how many values were replaced; the same array where none were.

    In colour and alpha, what is not finite becomes as the nearest pixel that is: filters would spread anything else.
    In other layers NaN becomes 0; infinity stays, where depth has it, even in depth that is looked at for want of a
    picture. Channels of ids hold bits and are left alone. Nuke's native node takes no pixel from elsewhere (`sound` in
    `hosts/nuke/native.py`).
    """
    seen = {*channels.colour, channels.alpha} - {*channels.measures}
    replaced, mended = 0, pixels
    for channel in (place for place in range(pixels.shape[2]) if place not in channels.ids):
        values = pixels[..., channel]
        wrong = ~np.isfinite(values) if channel in seen else np.isnan(values)
        if count := int(np.count_nonzero(wrong)):
            mended = pixels.copy() if mended is pixels else mended
            mended[..., channel][wrong] = _nearest(values, wrong) if channel in seen else 0
            replaced += count
    return mended, replaced


def _nearest(values: Pixels, wrong: NDArray[np.bool_]) -> Pixels | float:
    """For each wrong pixel of a plane (H, W), the value of the nearest one that is not; 0 where all are wrong."""
    if wrong.all():
        return 0.0
    found: Pixels = values.ravel()[nearest(~wrong)[1][wrong]]
    return found


def _through(
    start: Pixels, end: Pixels, hand: Hand, beyond: tuple[Beyond | None, Beyond | None], marks: Sequence[Mark]
) -> Network:
    """The network, led by marks and through the keys beyond. One across a cut tells nothing about this shot."""
    assert isinstance(hand.network, PathNetwork)
    before, after = (_of_the_shot(nearer, key, hand) for nearer, key in zip((start, end), beyond, strict=True))
    return hand.network.through(before, after, hand.path != "smooth", marks)


def _of_the_shot(nearer: Pixels, key: Beyond | None, hand: Hand) -> Beyond | None:
    if key and is_cut(nearer, key.frame, hand.channels, hand.space, hand.settings.cut_threshold):
        return None
    return key


def _frames(start: Pixels, end: Pixels, drawings: tuple[Drawing, ...], network: Network, hand: Hand) -> Iterator[Drawn]:
    settings, doubts = hand.settings, dict[float, float | None]()
    asked = inbetween(
        start,
        end,
        drawings,
        _asked(_noting(doubts, network, hand)),
        scheme=hand.scheme,
        knows_time=hand.knows_time,
        clean=cleaner(settings, hand.channels, start, end, hand.space),
        batch=frames_at_once(settings.memory, start.shape),
    )
    for drawing, frame in asked:
        yield Drawn(drawing, _without_nan(np.asarray(frame), hand.channels), doubts.get(float(np.float32(drawing.t))))


def _noting(doubts: dict[float, float | None], network: Network, hand: Hand) -> Network:
    """The network; by its time, how far each frame that it draws is doubted goes into `doubts`.

    In triads it draws from what it drew itself, and its word on that is none on the keys.
    """
    doubting = hand.network
    if hand.scheme != "direct" or not isinstance(doubting, DoubtingNetwork):
        return network

    def ask(start: Pixels, end: Pixels, t: Pixels) -> Pixels:
        frames = network(start, end, t)
        doubts.update(zip(t.ravel().tolist(), doubting.doubts, strict=True))
        return np.asarray(frames)

    return ask


def _asked(network: Network) -> Network:
    """The network, `in_words` that an artist can read."""

    def ask(start: Pixels, end: Pixels, t: Pixels) -> Pixels:
        with in_words():
            return np.asarray(network(start, end, t))

    return ask


@contextlib.contextmanager
def in_words() -> Iterator[None]:
    """Have a network do something, without NumPy's warnings (bits of ids and infinite depth pass through it).

    What its engine raises in its own words becomes a `DrawingError`, so that one gap fails and not the run.
    """
    try:
        with np.errstate(invalid="ignore", over="ignore"):
            yield
    except InbetweenError:
        raise
    except Exception as error:  # engines share no base class: ONNX Runtime, torch, OpenCV
        log.debug("the traceback:", exc_info=True)
        said = " ".join(str(error).split()) or type(error).__name__
        spent = isinstance(error, MemoryError) or any(word in said.lower() for word in SPENT)
        raise DrawingError(f"the model could not draw ({said[:200]}); {LESS if spent else REPORT}") from error


def _without_nan(frame: Pixels, channels: Channels) -> Pixels:
    """Infinite depth mixed with itself (inf - inf) is NaN where it should be infinite still.

    Core lets NaN pass only in channels whose keys hold infinity.
    """
    blended = [place for place in range(frame.shape[2]) if place not in channels.ids]
    if not np.isnan(frame[..., blended]).any():
        return frame
    whole = frame.copy()
    for place in blended:
        whole[..., place][np.isnan(whole[..., place])] = np.inf
    return whole
