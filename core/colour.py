"""The working space: a bounded copy of the pixels for a network to look at, and the exact way back.

`display` pixels are encoded for a screen already and are left as they are. `linear` pixels are scene-linear light, in
which a lamp is a hundred times the paper it shines on and a filter's ringing dips below 0; they go through a
logarithm that keeps black at 0 and white at 1, bends what lies between much as a display does, and has room above.
"""

from dataclasses import dataclass
from math import log1p
from pathlib import PurePath

from array_api_compat import array_namespace

from inbetween.core.errors import SettingsError
from inbetween.core.network import Array

BEND = 16.0
"""How strongly the shaper bends: at 16 it follows the sRGB curve within 0.06 from black to white (0.18 -> 0.479,
where sRGB has 0.461), and the largest half float, 65504, comes out at 4.9."""

HALF_MAX = 65504.0
"""The largest finite half float."""

SCENE_LINEAR = frozenset({"exr", "hdr", "pfm", "sxr", "rgbe"})
DISPLAY = frozenset({"png", "jpg", "jpeg", "tif", "tiff", "tga", "dpx", "cin", "bmp", "gif", "webp", "sgi", "psd"})


@dataclass(frozen=True)
class Space:
    """What pixel values are, "linear" or "display", and why they are taken for that: a clause for the log."""

    name: str
    reason: str


def encode(pixels: Array, space: str) -> Array:
    """Pixels as the network sees them; `display` gives the same array back.

    `linear`: sign(x) log(1 + 16 |x|) / log 17, rising, the same for dark below 0 as for light above. -65504..65504
    becomes -4.9..4.9; 0 and 1 stay.
    """
    if _checked(space) == "display":
        return pixels
    xp = array_namespace(pixels)
    return xp.sign(pixels) * (xp.log1p(BEND * xp.abs(pixels)) / log1p(BEND))


def decode(seen: Array, space: str) -> Array:
    """The inverse of `encode`: in float32 values come back to a relative 2e-6 (below 1, 4e-7), half floats exactly."""
    if _checked(space) == "display":
        return seen
    xp = array_namespace(seen)
    return xp.sign(seen) * (xp.expm1(log1p(BEND) * xp.abs(seen)) / BEND)


def visible(measures: Array) -> Array:
    """Measures (depth, vectors) as a picture for a network: rising, 0 becomes 0.5, what is infinite 0 or 1, NaN 0.5."""
    xp = array_namespace(measures)
    half = xp.clip(xp.where(xp.isnan(measures), xp.zeros_like(measures), measures), -HALF_MAX, HALF_MAX)
    return 0.5 + encode(half, "linear") * (log1p(BEND) / log1p(BEND * HALF_MAX) / 2)


def resolve(setting: str, file: str, tag: str = "") -> Space:
    """What `Settings.working_space` means for a file: its name or extension, and its colour-space tag if it has one.

    A choice of linear or display is obeyed. `auto` believes a tag that it knows (the names of OpenColorIO's studio and
    CG configs, OpenImageIO and the usual camera logs), then the file type; log footage counts as display, being
    encoded already. The reason is to be shown to the artist.
    """
    if setting != "auto":
        return Space(_checked(setting), "as set")
    named = _by_tag(tag)
    if named:
        return Space(named, f"the file is tagged {tag}")
    kind = (PurePath(file).suffix or file).lower().lstrip(".")
    unknown = f", its tag {tag} being unknown" if tag else ""
    if kind in SCENE_LINEAR:
        return Space("linear", f"{kind} files hold scene-linear light{unknown}")
    if kind in DISPLAY:
        return Space("display", f"{kind} files are encoded for a screen{unknown}")
    return Space("display", f"nothing is known of {kind} files{unknown}; set the working space if they are linear")


def _by_tag(tag: str) -> str:
    """ "linear", "display", or "" where the tag says neither."""
    name = tag.lower().replace(" ", "_").replace("-", "_")
    if any(word in name for word in ("log", "srgb_tx", "srgb_texture", "srgb_encoded", "display", "acescc")):
        return "display"
    if name.startswith(("lin", "aces2065", "acescg", "scene_linear")) or "_lin_" in name or name.endswith("_linear"):
        return "linear"
    if name.startswith(("srgb", "rec709", "rec.709", "bt709", "gamma", "g18", "g22", "g24", "rec1886", "adobergb")):
        return "display"
    return ""


def _checked(space: str) -> str:
    if space not in ("linear", "display"):
        raise SettingsError(f"working space is {space!r}; choose one of linear, display")
    return space
