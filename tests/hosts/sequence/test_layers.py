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
        ("motion.X motion.Y", "motion.X", None),
        ("bend.X bend.Y bend.Z", "bend.X", None),
        ("motion.X motion.Y diffuse.Y", "diffuse.Y", None),
        ("Z mask.V", "mask.V", None),
        ("N.R N.G N.B", "N.R N.G N.B", None),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_the_picture_is_found_among_the_channels(names: str, colour: str, alpha: str | None) -> None:
    channels = channels_of([part(names)])
    assert " ".join(channels.names[place] for place in channels.colour) == colour
    assert (None if channels.alpha is None else channels.names[channels.alpha]) == alpha


def test_ids_are_known_by_type_name_and_cryptomatte() -> None:
    names = "id.R objectId.X IndexOB.X Object_Index.X MaterialIndex.X crypto_object00.r crypto_object00.g"
    spec = part(f"R G B {names} depth.Z idle.R", "float", cryptomatte__1a2b3c4__name="crypto_object")
    assert [spec.channelnames[place] for place in channels_of([spec]).ids] == names.split()
    assert channels_of([part("R G B"), part("mask", "uint")]).ids == (3,)


def test_ids_are_known_by_what_their_names_end_in() -> None:
    ids = "VRayMtlID.R RenderID.Y node_id.x puppetId.r MATERIAL_ID.r layer2ID.r shapeID2.r"
    others = "grid.r solid.r Mid.r GRID.r SOLID.r android.r Idle.r hybrid.r"
    channels = channels_of([part(f"R G B {ids} {others}")])
    assert [channels.names[place] for place in channels.ids] == ids.split()


def test_a_cryptomatte_is_known_without_metadata_and_with_it_in_another_part() -> None:
    plain = channels_of([part("R G B crypto_material00.r V.CryptoObject02.g uCryptoAsset.r cryptography.r crypto1.r")])
    assert plain.ids == (3, 4)
    beauty = part("R G B", "half", cryptomatte__1a2b3c4__name="mattes", cryptomatte__2b3c4d5__name="")
    assert channels_of([beauty, part("mattes.r mattes00.r", "float"), part("other.r")]).ids == (3, 4)
    bare = part("R G B A", "float")
    bare["oiio:subimagename"] = "crypto_object01"
    channels = channels_of([bare, beauty])
    assert (channels.ids, channels.colour) == ((0, 1, 2, 3), (4, 5, 6))


@pytest.mark.parametrize(
    ("names", "data"),
    [
        ("R G B A Z ZBack", "Z"),
        ("R G B A P.X P.Y P.Z N.X N.Y N.Z motionvector.X motionvector.Y",
         "P.X P.Y P.Z | N.X N.Y N.Z | motionvector.X motionvector.Y"),
        ("R G B A zDepth.R normals.R normals.G normals.B velocity.R velocity.G velocity.B",
         "zDepth.R | normals.R normals.G normals.B | velocity.R velocity.G velocity.B"),
        ("R G B A VRayZDepth.R bumpNormals.R motionVectors.R WorldPosition.R",
         "VRayZDepth.R | bumpNormals.R | motionVectors.R | WorldPosition.R"),
        ("R G B z Pworld.r Nn.x __st.s dPdtime.x", "z | Pworld.r | Nn.x | __st.s | dPdtime.x"),
        ("V.Combined.R V.Combined.G V.Combined.B V.Depth.Z V.Normal.X V.Vector.X V.Vector.W V.UV.U V.UV.A V.Mist.Z",
         "V.Depth.Z | V.Normal.X | V.Vector.X V.Vector.W | V.UV.U V.UV.A"),
        ("red green blue depth.Z forward.u forward.v backward.u backward.v",
         "depth.Z | forward.u forward.v | backward.u backward.v"),
        ("R G B left.Z left.depth", "left.Z | left.depth"),
        ("R G B N.R N.G N.B N.A n.R n.G n.B", ""),
        ("R G B diffuse.R normal_light.R depth_of_field.R UV_light.R motionblur.R forward.R vectorart.R Zoom.R", ""),
        ("R G B objectid.X depth_id.R", ""),
    ],
    ids=lambda value: str(value)[:30],
)  # fmt: skip
def test_measures_are_known_by_the_names_that_renderers_give_them(names: str, data: str) -> None:
    channels = channels_of([part(names)])
    assert " | ".join(" ".join(channels.names[place] for place in layer) for layer in channels.data) == data
    assert channels.shown


def test_normals_are_told_from_other_measures() -> None:
    normals = "N.X N.Y N.Z V.Normal.X V.Normal.Y V.Normal.Z normals.R normals.G normals.B Nworld.r Nworld.g Nworld.b"
    others = "P.X P.Y P.Z motion.X motion.Y depth.Z bumpNormals.R shadingNormal.R shadingNormal.G uv.R uv.G uv.B"
    channels = channels_of([part(f"R G B {normals} {others} normal_light.R normal_light.G normal_light.B")])
    assert [channels.names[place] for layer in channels.normals for place in layer] == normals.split()
    assert set(channels.normals) < set(channels.data)


def test_a_part_names_the_channels_that_have_no_layer() -> None:
    parts = [part("R G B A"), part("R G B", "float"), part("Z"), part("R G B")]
    for each, name in zip(parts, ("rgba", "N", "depth", "diffuse"), strict=True):
        each["oiio:subimagename"] = name
    channels = channels_of(parts)
    assert channels.data == ((4, 5, 6), (7,))
    assert channels.colour == (0, 1, 2)


def test_channels_of_several_parts_bear_their_parts_names() -> None:
    left, right = part("R G B"), part("R G B")
    left["oiio:subimagename"], right["oiio:subimagename"] = "left", "right"
    channels = channels_of([left, right])
    assert channels.names == ("left/R", "left/G", "left/B", "right/R", "right/G", "right/B")
    assert channels.colour == (0, 1, 2)
