"""From channel names to meaning: which channels of a file are the picture, its coverage, or names of things."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import OpenImageIO as oiio

from inbetween.core.channels import Channels

ALIASES = {"red": "r", "green": "g", "blue": "b", "alpha": "a", "luminance": "y"}
BEAUTY = ("", "rgba", "rgb", "beauty", "combined", "color", "colour")
"""Layers that are the picture itself, best first; any other layer with red, green and blue comes after them."""

ID_WORDS = frozenset({"id", "ids", "objectid", "materialid", "instanceid", "assetid", "indexob", "indexma"})
"""Layer or channel names, letters only, that renderers give to object numbers."""


@dataclass
class _Layer:
    """One layer of one part: its last name in lower case, and where its red, green, ... lie."""

    name: str
    places: dict[str, int] = field(default_factory=dict)


def channels_of(parts: Sequence[oiio.ImageSpec]) -> Channels:
    """The layout of a file whose parts lie one after the other.

    The picture is the beauty layer's red, green and blue, else its luminance, else the first channel that is not an
    id (the very first if all are). Unsigned 32-bit channels, cryptomattes and channels with an id's name are ids.
    """
    names = _names(parts)
    ids = tuple(_ids(parts))
    layers = _layers(parts)
    for wanted in ("rgb", "y"):
        for layer in sorted(layers, key=_rank):
            colour = tuple(layer.places[letter] for letter in wanted if letter in layer.places)
            if len(colour) == len(wanted) and not set(colour) & set(ids):
                return Channels(names, colour, layer.places.get("a"), ids)
    first = next((place for place in range(len(names)) if place not in ids), 0)
    return Channels(names, (first,), None, ids)


def views(parts: Sequence[oiio.ImageSpec]) -> tuple[str, ...]:
    """Names of the views (left eye, right eye) that a file holds, in order; empty where it does not speak of views.

    A part of OpenEXR 2 is of one view; an older file lists its views, and writes those after the first into the names
    of channels: `right.R`, `diffuse.right.R`.
    """
    found: dict[str, None] = {}
    for part in parts:
        listed = part.get("multiView") or ()
        first, *others = (listed,) if isinstance(listed, str) else listed or ("",)
        written = {name.split(".")[-2] for name in part.channelnames if "." in name}
        also = (each for each in others if each in written)
        found |= dict.fromkeys((part.get_string_attribute("view"), first, *also))
    return tuple(filter(None, found))


def unsigned(spec: oiio.ImageSpec, channel: int) -> bool:
    """Whether a channel of a part holds 32-bit whole numbers rather than amounts."""
    return str(spec.channelformat(channel)) == "uint"


def _names(parts: Sequence[oiio.ImageSpec]) -> tuple[str, ...]:
    """All channel names; where there are several parts, with the part's name before them."""
    if len(parts) == 1:
        return tuple(parts[0].channelnames)
    labels = [part.get_string_attribute("oiio:subimagename") or str(place) for place, part in enumerate(parts)]
    return tuple(f"{label}/{name}" for label, part in zip(labels, parts, strict=True) for name in part.channelnames)


def _layers(parts: Sequence[oiio.ImageSpec]) -> list[_Layer]:
    found: dict[tuple[int, str], _Layer] = {}
    for place, (number, channel) in enumerate(_walk(parts)):
        layer, _, letter = parts[number].channelnames[channel].rpartition(".")
        entry = found.setdefault((number, layer), _Layer(layer.rpartition(".")[2].lower()))
        entry.places.setdefault(ALIASES.get(letter.lower(), letter.lower()), place)
    return list(found.values())


def _rank(layer: _Layer) -> int:
    return BEAUTY.index(layer.name) if layer.name in BEAUTY else len(BEAUTY)


def _ids(parts: Sequence[oiio.ImageSpec]) -> Iterator[int]:
    mattes = [_cryptomattes(part) for part in parts]
    for place, (number, channel) in enumerate(_walk(parts)):
        name = parts[number].channelnames[channel]
        words = {re.sub(r"[^a-z]", "", word.lower()) for word in name.split(".")}
        if words & ID_WORDS or name.startswith(mattes[number]) or unsigned(parts[number], channel):
            yield place


def _cryptomattes(spec: oiio.ImageSpec) -> tuple[str, ...]:
    """Names of the cryptomatte layers that a part's metadata announces (cryptomatte specification 1.2)."""
    keys = (item.name for item in spec.extra_attribs)
    return tuple(spec.get_string_attribute(key) for key in keys if re.fullmatch(r"cryptomatte/[^/]+/name", key))


def _walk(parts: Sequence[oiio.ImageSpec]) -> Iterator[tuple[int, int]]:
    """Number of the part and number of the channel in it, for all channels in order."""
    return ((number, channel) for number, part in enumerate(parts) for channel in range(part.nchannels))
