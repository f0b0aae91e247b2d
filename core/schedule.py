"""Which drawings fill a gap, and on which frames each is shown."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from inbetween.core.errors import SettingsError
from inbetween.core.settings import Settings
from inbetween.core.timing import of_gap, times


@dataclass(frozen=True)
class Gap:
    """Two neighbouring keys, by frame number."""

    first: int
    last: int

    @property
    def missing(self) -> range:
        """The frame numbers strictly between the keys."""
        return range(self.first + 1, self.last)


@dataclass(frozen=True)
class Drawing:
    """One picture: first wanted on `frame`, standing at `t` between the keys, seen on every frame in `shows`.

    t = 0 and t = 1 stand for the keys themselves.
    """

    frame: int
    t: float
    shows: tuple[int, ...]


def gaps(numbers: Iterable[int]) -> Iterator[Gap]:
    """Every pair of neighbouring keys with frames missing between them, in order; `numbers` may come in any order."""
    for first, last in pairwise(sorted(set(numbers))):
        if last - first > 1:
            yield Gap(first, last)


def schedule(gap: Gap, settings: Settings) -> tuple[Drawing, ...]:
    """The drawings of a gap, in order; together they show every missing frame exactly once.

    A new drawing comes every `settings.on` frames, counted from the first key. The first key is held that long too:
    frames inside its hold are shown by a drawing at t = 0, whose `frame` is the key's number. The last drawing is held
    shorter where the next key arrives first: keys stand on their own frames, always. The curve is read at the frame
    where a drawing is first seen, so on twos the drawings are those that on ones would show on these same frames. A
    chart has one fraction for each drawing after the held key. Of a timing for each key, that of the gap's first one is
    taken.

    Raises `SettingsError` when a chart does not fit the gap.
    """
    starts = range(gap.first + settings.on, gap.last, settings.on)
    length = gap.last - gap.first
    try:
        own = of_gap(settings.timing, gap.first)
        spacing = times(own, tuple((frame - gap.first) / length for frame in starts))
    except SettingsError as error:
        raise SettingsError(f"between keys {gap.first} and {gap.last}: {error}") from error
    held = tuple(range(gap.first + 1, min(gap.first + settings.on, gap.last)))
    still = (Drawing(gap.first, 0.0, held),) if held else ()
    moving = (
        Drawing(frame, t, tuple(range(frame, min(frame + settings.on, gap.last))))
        for frame, t in zip(starts, spacing, strict=True)
    )
    return (*still, *moving)
