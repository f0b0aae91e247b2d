"""Timecode counts as SMPTE ST 12 has it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbetween.hosts.sequence.timecode import DROP_FRAME, advance, rate


def packed(text: str) -> int:
    """`01:00:59:23`, or `01:00:59;28` for drop frame."""
    hours, minutes, seconds, frames = (int(part) for part in text.replace(";", ":").split(":"))
    fields = [(value // 10 << 4 | value % 10) for value in (hours, minutes, seconds, frames)]
    return fields[0] << 24 | fields[1] << 16 | fields[2] << 8 | fields[3] | (DROP_FRAME if ";" in text else 0)


@pytest.mark.parametrize(
    ("start", "frames", "fps", "end"),
    [
        ("01:00:00:00", 1, 24, "01:00:00:01"),
        ("01:00:59:23", 1, 24, "01:01:00:00"),
        ("09:59:59:24", 1, 25, "10:00:00:00"),
        ("23:59:59:29", 1, 30, "00:00:00:00"),
        ("00:00:59;29", 1, 30, "00:01:00;02"),
        ("00:09:59;29", 1, 30, "00:10:00;00"),
        ("00:01:00;02", -1, 30, "00:00:59;29"),
        ("23:59:59;29", 1, 30, "00:00:00;00"),
        ("01:00:00:00", 86400, 24, "02:00:00:00"),
    ],
)
def test_time_goes_on(start: str, frames: int, fps: int, end: str) -> None:
    assert advance(packed(start), frames, fps) == packed(end)


@given(st.integers(0, 17 * 107892), st.integers(0, 5000))
def test_drop_frame_time_never_stands_still_and_adds_up(start: int, frames: int) -> None:
    begin = advance(packed("00:00:00;00"), start, 30)
    assert advance(begin, frames, 30) == advance(packed("00:00:00;00"), start + frames, 30)
    assert (advance(begin, frames, 30) == begin) == (frames % (24 * 107892) == 0)


def test_flags_are_kept() -> None:
    flag = 1 << 7 | 1 << 15
    assert advance(packed("00:00:00:00") | flag, 30, 24) == packed("00:00:01:06") | flag


@pytest.mark.parametrize(
    ("fps", "start", "end", "frames", "expected"),
    [
        (23.976, "00:00:00:20", "00:00:01:04", 8, 24),
        (23.976, "00:00:00:20", "00:00:01:03", 8, None),
        (24.0, "00:00:00:00", "00:00:00:00", 8, None),
        (25.0, "23:59:59:20", "00:00:00:03", 8, 25),
        (0.0, "00:00:59;28", "00:01:00;02", 2, 30),
        (0.0, "00:00:00:20", "00:00:01:03", 8, 25),
        (0.0, "00:00:00:20", "00:00:01:02", 12, 30),
        (0.0, "00:00:00:20", "00:00:09:02", 8, None),
        (60.0, "00:00:00:20", "00:00:00:28", 8, None),
    ],
)
def test_the_rate_is_known_or_found_or_left_open(
    fps: float, start: str, end: str, frames: int, expected: int | None
) -> None:
    assert rate(fps, packed(start), packed(end), frames) == expected
