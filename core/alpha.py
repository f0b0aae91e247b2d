"""Coverage. Frames are premultiplied: their colour is light that is already dimmed by alpha.

Premultiplied is the state in which pixels may be moved, averaged, scaled and added: a half-transparent red is half as
much red, and nothing is said about the colour of what is not there. So everything that mixes pixels works on it, and
straight colour is made only to look at (to compare, to find edges), never to go back into a picture. Colour above
alpha is legal: it is light without coverage - glow, fire, anything above 1 - and is kept as it is.
"""

from array_api_compat import array_namespace

from inbetween.core.channels import Channels, pick, put
from inbetween.core.network import Array

FAINTEST = 1.0 / 65536
"""Coverage below this is taken for none when colour is divided by it: less than one step of 16-bit alpha."""


def straight(pixels: Array, channels: Channels) -> Array:
    """A copy of pixels (..., C) whose colour is divided by alpha, for looking only.

    Where there is no coverage the colour stays what it is (light without coverage). Without an alpha channel, the
    pixels themselves.
    """
    if channels.alpha is None:
        return pixels
    xp = array_namespace(pixels)
    alpha = pixels[..., channels.alpha : channels.alpha + 1]
    covered = alpha > FAINTEST
    colour = pick(pixels, channels.colour)
    return put(pixels, channels.colour, xp.where(covered, colour / xp.where(covered, alpha, 1.0), colour))
