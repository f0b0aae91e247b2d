"""Which channels are the picture."""

import OpenImageIO as oiio
import pytest

from inbetween.hosts.sequence.layers import channels_of


def part(names: str, kind: str = "half", **attributes: str) -> oiio.ImageSpec:
    spec = oiio.ImageSpec(4, 4, len(names.split()), kind)
    spec.channelnames = tuple(names.split())
    for name, value in attributes.items():
        spec[name.replace("__", "/")] = value
    return spec


@pytest.mark.parametrize(
    ("names", "colour", "alpha"),
    [
        ("R G B", "R G B", None),
        ("A B G R", "R G B", "A"),
        ("R G B A Z specular.R specular.G specular.B", "R G B", "A"),
        ("diffuse.R diffuse.G diffuse.B Z R G B A", "R G B", "A"),
        ("albedo.R albedo.G albedo.B beauty.R beauty.G beauty.B beauty.A", "beauty.R beauty.G beauty.B", "beauty.A"),
        ("ViewLayer.Combined.R ViewLayer.Combined.G ViewLayer.Combined.B ViewLayer.Combined.A ViewLayer.Depth.Z",
         "ViewLayer.Combined.R ViewLayer.Combined.G ViewLayer.Combined.B", "ViewLayer.Combined.A"),
        ("ink.red ink.green ink.blue ink.alpha", "ink.red ink.green ink.blue", "ink.alpha"),
        ("Y", "Y", None),
        ("Y A", "Y", "A"),
        ("Z", "Z", None),
        ("forward.u forward.v", "forward.u", None),
        ("id Z", "Z", None),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_the_picture_is_found_among_the_channels(names: str, colour: str, alpha: str | None) -> None:
    channels = channels_of([part(names)])
    assert " ".join(channels.names[place] for place in channels.colour) == colour
    assert (None if channels.alpha is None else channels.names[channels.alpha]) == alpha


def test_ids_are_known_by_type_name_and_cryptomatte() -> None:
    names = "R G B id.R objectId.X IndexOB.X crypto_object00.r crypto_object00.g depth.Z idle.R"
    spec = part(names, "float", cryptomatte__1a2b3c4__name="crypto_object")
    ids = {spec.channelnames[place] for place in channels_of([spec]).ids}
    assert ids == {"id.R", "objectId.X", "IndexOB.X", "crypto_object00.r", "crypto_object00.g"}
    assert channels_of([part("R G B"), part("mask", "uint")]).ids == (3,)


def test_channels_of_several_parts_bear_their_parts_names() -> None:
    left, right = part("R G B"), part("R G B")
    left["oiio:subimagename"], right["oiio:subimagename"] = "left", "right"
    channels = channels_of([left, right])
    assert channels.names == ("left/R", "left/G", "left/B", "right/R", "right/G", "right/B")
    assert channels.colour == (0, 1, 2)
