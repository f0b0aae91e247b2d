"""Which in-betweens an artist should look at, and where a breakdown would help most: said at the end of a run."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from inbetween.core.network import WORTH_A_LOOK
from inbetween.core.schedule import Gap
from inbetween.hosts.sequence import names


@dataclass(frozen=True)
class Look:
    """Frames of one sequence, by their numbers in the result."""

    frames: tuple[int, ...]
    """In order; at least one."""
    breakdown: int
    """One of them: the most doubtful of the gap in which there is most to be doubted."""

    def __str__(self) -> str:
        return f"look at {', '.join(_ranges(self.frames))}: a breakdown at {self.breakdown} would help most"


def look_at(doubts: Mapping[int, float], gaps: Iterable[Gap]) -> Look | None:
    """What is worth a look of frames that are doubted so far, 0 to 1; None where nothing is."""
    doubtful = {frame: doubt for frame, doubt in sorted(doubts.items()) if doubt >= WORTH_A_LOOK}
    if not doubtful:
        return None
    worst = max(gaps, key=lambda gap: sum(doubtful.get(frame, 0.0) for frame in gap.missing))
    middle = (worst.first + worst.last) / 2
    inside = [frame for frame in worst.missing if frame in doubtful]
    return Look(tuple(doubtful), max(inside, key=lambda frame: (doubtful[frame], -abs(frame - middle))))


def _ranges(numbers: tuple[int, ...]) -> Iterator[str]:
    """Numbers in order, as `5` and `13-15`."""
    return (str(begin) if begin == end else f"{begin}-{end}" for begin, end in names.runs(numbers))
