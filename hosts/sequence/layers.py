"""From channel names to meaning: which channels of a file are the picture, its coverage, names of things, measures."""

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from itertools import chain

import OpenImageIO as oiio

from inbetween.core.channels import Channels

ALIASES = {"red": "r", "green": "g", "blue": "b", "alpha": "a", "luminance": "y"}
BEAUTY = ("", "rgba", "rgb", "beauty", "combined", "color", "colour")
"""Layers that are the picture itself, best first; any other layer with red, green and blue comes after them."""

ID_WORDS = frozenset({
    "id", "ids", "objectid", "materialid", "instanceid", "assetid",
    "indexob", "indexma", "objectindex", "materialindex",
})  # fmt: skip
"""Layer or channel names, letters only, that renderers give to object numbers."""
ID_ENDING = re.compile(r"([a-z0-9_]I[Dd]|_id)\d*$")
"""What further names of object numbers end in, as they are spelt: RenderID and node_id, and not GRID or solid."""
CRYPTOMATTE = re.compile(r"(?i)crypto\w*\d\d$")
"""Layers that are cryptomattes by their name alone: some writers leave the metadata out."""

DATA_NAMES = frozenset({"Z", "z", "Nn", "Ngn"})
"""Layers and single channels that are data by a name which must be spelt so, because it is short."""
VECTOR_NAMES = frozenset({"P", "N"})
"""The same for layers of three channels and no alpha: a group of lights may be called so, too."""
VECTORS = ({"r", "g", "b"}, {"x", "y", "z"})
"""What such channels are called."""
FLOW_WORDS = frozenset({"forward", "backward"})
"""Layers of motion where they have u and v, letters only."""
DATA_WORDS = frozenset({
    "depth", "zdepth", "vrayzdepth", "depthz", "zbuffer", "denoisingdepth",
    "position", "positions", "worldposition", "positionworld", "worldpos", "pworld", "pref", "pointposition",
    "normal", "normals", "vraynormals", "bumpnormals", "vraybumpnormals", "worldnormal", "worldnormals", "normalworld",
    "normalsworld", "nworld", "cameranormal", "cameranormals", "shadingnormal", "shadingnormals", "geometricnormal",
    "geometricnormals", "denoisingnormal",
    "motion", "motionvector", "motionvectors", "motionfore", "motionback", "velocity", "vrayvelocity", "vector",
    "vectors", "dpdtime",
    "uv", "uvs", "uvmap", "uvcoords", "st", "texcoord", "texcoords", "texturecoordinate", "texturecoordinates",
})  # fmt: skip
"""Layer names, letters only, that renderers give to depth, positions, normals, motion and texture coordinates."""
NORMAL_NAMES, NORMAL_WORD, NORMAL_WORDS = frozenset({"N", "Nn", "Ngn"}), "normal", frozenset({"nworld"})
"""Of layers of data, those that are normals: by their names, by what these hold, or by their letters only."""
DEPTH_WORDS = frozenset({"depth", "zdepth"})
"""Single channels, letters only, that are depth in whatever layer."""
BOTH_WAYS = "vector"
"""Blender's layer of motion, letters only: x and y to the frame before, z and w from the next one."""
SMOOTH = frozenset({"mist"})
"""Layers whose one channel is called Z and is picture all the same: Blender's mist."""


@dataclass(frozen=True)
class Vector:
    """Where a file holds one vector of each pixel, in pixels."""

    places: tuple[int, int]
    """Of its two channels."""
    signs: tuple[int, int]
    """By which they are multiplied to lead to the right and down."""


@dataclass
class _Layer:
    """One layer of one part: its last name, and where its red, green, ... lie.

    `title` is the name or, for channels without a layer in a file of several parts, that of the part.
    """

    name: str
    title: str
    places: dict[str, int] = field(default_factory=dict)
    channels: dict[int, str] = field(default_factory=dict)
    """Last names by place."""


def channels_of(parts: Sequence[oiio.ImageSpec]) -> Channels:
    """The layout of a file whose parts lie one after the other.

    The picture is the beauty layer's red, green and blue, else its luminance, else the first channel that is neither an
    id nor data; for want of all these, data is looked at (the very first channel if all are ids). Unsigned 32-bit
    channels, cryptomattes and channels with an id's name are ids; layers with the name of a measure are data.
    """
    names = _names(parts)
    layers = _layers(parts)
    ids = tuple(_ids(parts, layers))
    data = tuple(_data(layers, ids))
    normals = tuple(layer for layer in data if layer in set(_normals(layers)))
    for taken in ({*ids, *chain(*data)}, set(ids)):
        if found := _picture(layers, len(names), taken):
            return Channels(names, *found, ids, data, normals)
    return Channels(names, (0,), None, ids, data, normals)


def _picture(layers: Sequence[_Layer], count: int, taken: Set[int]) -> tuple[tuple[int, ...], int | None] | None:
    """Colour and alpha of the picture, none of its colour among those `taken`; None where all are."""
    for wanted in ("rgb", "y"):
        for layer in sorted(layers, key=_rank):
            if wanted == "y" and "x" in layer.places:  # no luminance but the second of a vector's
                continue
            colour = tuple(layer.places[letter] for letter in wanted if letter in layer.places)
            if len(colour) == len(wanted) and not set(colour) & taken:
                return colour, layer.places.get("a")
    return next((((place,), None) for place in range(count) if place not in taken), None)


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


def motion_of(parts: Sequence[oiio.ImageSpec]) -> tuple[Vector | None, Vector | None]:
    """Where a file tells the way of each pixel to the next frame and to the one before; None where it does not.

    As Nuke has it, in the layers `forward` and `backward` with u to the right and v up; or as Blender's render pass
    Vector, whose x and y lead to the frame before, to the right and up, and whose z and w lead back from the next one.
    """
    found = {_letters(layer.title): layer.places for layer in _layers(parts)}
    both = found.get(BOTH_WAYS, {})
    if {"x", "y", "z", "w"} <= both.keys():
        return Vector((both["z"], both["w"]), (-1, 1)), Vector((both["x"], both["y"]), (1, -1))
    layers = (found.get(word, {}) for word in ("forward", "backward"))
    forward, backward = (Vector((at["u"], at["v"]), (1, -1)) if {"u", "v"} <= at.keys() else None for at in layers)
    return forward, backward


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
        name = layer.rpartition(".")[2]
        part = parts[number].get_string_attribute("oiio:subimagename") if len(parts) > 1 else ""
        entry = found.setdefault((number, layer), _Layer(name, name or part.rpartition(".")[2]))
        entry.places.setdefault(ALIASES.get(letter.lower(), letter.lower()), place)
        entry.channels[place] = letter
    return list(found.values())


def _rank(layer: _Layer) -> int:
    name = layer.name.lower()
    return BEAUTY.index(name) if name in BEAUTY else len(BEAUTY)


def _data(layers: Sequence[_Layer], ids: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Layers of data: whole ones, or single channels of depth."""
    for layer in layers:
        free = {place: letter for place, letter in layer.channels.items() if place not in ids}
        if free and _is_data(layer):
            yield tuple(free)
        else:
            yield from ((place,) for place, letter in free.items() if _is_depth(letter, layer))


def _is_data(layer: _Layer) -> bool:
    word = _letters(layer.title)
    if layer.title in VECTOR_NAMES:
        return set(layer.places) in VECTORS
    return layer.title in DATA_NAMES or word in DATA_WORDS or (word in FLOW_WORDS and set(layer.places) == {"u", "v"})


def _normals(layers: Sequence[_Layer]) -> Iterator[tuple[int, ...]]:
    """Layers of three channels that bear the name of normals."""
    for layer in layers:
        word = _letters(layer.title)
        named = layer.title in NORMAL_NAMES or NORMAL_WORD in word or word in NORMAL_WORDS
        if named and set(layer.places) in VECTORS:
            yield tuple(layer.channels)


def _is_depth(letter: str, layer: _Layer) -> bool:
    """Whether a channel is a depth by its own name, and neither the third of a vector's nor mist."""
    alone = "x" not in layer.places and _letters(layer.title) not in SMOOTH
    return alone and (letter in DATA_NAMES or _letters(letter) in DEPTH_WORDS)


def _letters(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())


def _ids(parts: Sequence[oiio.ImageSpec], layers: Sequence[_Layer]) -> Iterator[int]:
    announced = tuple(name for part in parts for name in _cryptomattes(part))
    titles = {place: layer.title for layer in layers for place in layer.channels}
    for place, (number, channel) in enumerate(_walk(parts)):
        name, title = parts[number].channelnames[channel], titles[place]
        named = any(map(_is_id, (*name.split("."), title)))
        matte = name.startswith(announced) or title.startswith(announced) or CRYPTOMATTE.search(title)
        if named or matte or unsigned(parts[number], channel):
            yield place


def _is_id(word: str) -> bool:
    return _letters(word) in ID_WORDS or ID_ENDING.search(word) is not None


def _cryptomattes(spec: oiio.ImageSpec) -> tuple[str, ...]:
    """Names of the cryptomatte layers that a part's metadata announces (cryptomatte specification 1.2)."""
    keys = (item.name for item in spec.extra_attribs)
    found = (spec.get_string_attribute(key) for key in keys if re.fullmatch(r"cryptomatte/[^/]+/name", key))
    return tuple(filter(None, found))  # every name begins with an empty one


def _walk(parts: Sequence[oiio.ImageSpec]) -> Iterator[tuple[int, int]]:
    """Number of the part and number of the channel in it, for all channels in order."""
    return ((number, channel) for number, part in enumerate(parts) for channel in range(part.nchannels))
