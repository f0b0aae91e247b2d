"""SMPTE timecode as OpenEXR and DPX store it: two binary-coded decimal digits for each of h, m, s and frame (ST 12)."""

DROP_FRAME = 1 << 6
RATES = (24, 25, 30)
"""Whole frames a second that timecode counts in; 23.976 and 29.97 count as 24 and 30. The frame field ends at 39:
faster footage counts pairs in it, each camera in its own way."""

FIELDS = ((0, 0x3F), (8, 0x7F), (16, 0x7F), (24, 0x3F))
"""Bit position and mask of frame, second, minute and hour; the bits between are flags."""


def rate(fps: float, start: int, end: int, frames: int) -> int | None:
    """Frames in a second, of which two timecodes lie `frames` apart: `fps` as the file says, any where it is 0.

    None where none fits, and for rates that timecode cannot count. Where several fit, both timecodes lie in one second
    and all of them count alike between the two.
    """
    said = [each for each in RATES if not fps or each == round(fps)]
    return next((each for each in said if _count(advance(start, frames, each), each) == _count(end, each)), None)


def advance(timecode: int, frames: int, fps: int) -> int:
    """The packed timecode `frames` later; flags are kept, midnight wraps, drop-frame numbering skips its numbers."""
    return _pack(_count(timecode, fps) + frames, fps, timecode)


def _drops(timecode: int, fps: int) -> int:
    """How many frame numbers are left out at each minute but every tenth."""
    return 2 if timecode & DROP_FRAME and fps == 30 else 0


def _count(timecode: int, fps: int) -> int:
    """Frames since midnight."""
    frame, second, minute, hour = (_decimal(timecode >> shift & mask) for shift, mask in FIELDS)
    minutes = 60 * hour + minute
    return (60 * minutes + second) * fps + frame - _drops(timecode, fps) * (minutes - minutes // 10)


def _pack(count: int, fps: int, flags: int) -> int:
    drops = _drops(flags, fps)
    ten_minutes = 600 * fps - 9 * drops
    count %= 144 * ten_minutes
    tens, rest = divmod(count, ten_minutes)
    if drops and rest >= 60 * fps:
        count += drops * (9 * tens + (rest - drops) // (60 * fps - drops))
    else:
        count += drops * 9 * tens
    fields = (count % fps, count // fps % 60, count // (60 * fps) % 60, count // (3600 * fps) % 24)
    kept = flags & ~sum(mask << shift for shift, mask in FIELDS)
    return kept | sum(_coded(value) << shift for value, (shift, _) in zip(fields, FIELDS, strict=True))


def _decimal(coded: int) -> int:
    return 10 * (coded >> 4) + (coded & 15)


def _coded(value: int) -> int:
    return value // 10 << 4 | value % 10
