"""A guide: the sequence whose picture others move with, as the beauty for passes in files of their own.

A frame with its guide is one wide frame (H, W, C + S): the channels of its file, all of them layers that move along,
and behind them the S channels of the guide's picture that are looked at. What is drawn is cut back to the first C.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np

from inbetween.core.channels import Channels, pick
from inbetween.core.errors import InputError
from inbetween.hosts.sequence import names, specs
from inbetween.hosts.sequence.frames import Header, Pixels, read_header
from inbetween.hosts.sequence.names import FrameSequence


@dataclass(frozen=True)
class Guide:
    """The frames that stand beside the keys of another sequence, number by number."""

    sequence: FrameSequence
    headers: Mapping[int, Header]
    """Number -> header, for every key that is copied or drawn from."""

    @property
    def first(self) -> Header:
        """Of the guide's first frame: every other one has its layout."""
        return next(iter(self.headers.values()))


def find(source: str) -> FrameSequence:
    """The one sequence that a folder or a pattern names. Raises `InputError` for none or several."""
    return names.find_one(source, "the guide", "beauty/shot.####.exr")


def same(one: FrameSequence, other: FrameSequence) -> bool:
    """Whether two are one sequence on disk, whichever of its frames either names."""
    alike = replace(one, folder=other.folder, numbers=other.numbers) == other
    return alike and one.folder.resolve() == other.folder.resolve()


def beside(guide: FrameSequence, sequence: FrameSequence, headers: Mapping[int, Header]) -> Guide:
    """The guide for the keys of a sequence, given by number and header.

    Raises `InputError` where it lacks one of these frames, shows another format, or is no sequence of one format.
    """
    _refuse_gaps(guide, sequence, headers.keys())
    found = {number: read_header(guide.file(number)) for number in headers}
    first = next(iter(found.values()))
    first.refuse_without_picture()
    for number, header in found.items():
        specs.fit(first, header)
        if header.display != headers[number].display:
            raise InputError(
                f"{headers[number].path} has display window {headers[number].display}, but its guide {header.path} "
                f"has {header.display}; take a guide of the same size"
            )
    return Guide(guide, found)


def channels(own: Channels, guide: Channels) -> Channels:
    """The layout of a wide frame: looked at is the guide's picture, and the frame's own colour and alpha are layers."""
    seen, count = guide.picture, len(own.names)
    place = {channel: count + position for position, channel in enumerate(seen)}
    measured = (tuple(place[channel] for channel in layer if channel in place) for layer in guide.data)
    return Channels(
        names=(*own.names, *(f"guide/{guide.names[channel]}" for channel in seen)),
        colour=tuple(place[channel] for channel in guide.colour),
        alpha=None if guide.alpha is None else place[guide.alpha],
        ids=own.ids,
        data=(*own.data, *filter(None, measured)),
        normals=own.normals,
    )


def together(own: Pixels, guide: Pixels, layout: Channels) -> Pixels:
    """A wide frame of a frame (H, W, C) and its guide's (H, W, D) over the same window; `layout` is the guide's."""
    return np.concatenate([own, pick(guide, layout.picture)], axis=2)


def _refuse_gaps(guide: FrameSequence, sequence: FrameSequence, used: Collection[int]) -> None:
    lacking = sorted(set(used) - set(guide.numbers))
    if lacking:
        raise InputError(
            f"the guide {guide.folder / guide.pattern} lacks frame {names.first_few(lacking)}, "
            f"which {sequence.pattern} has; give the guide a frame for every key"
        )
