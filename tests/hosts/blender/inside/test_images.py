"""In-betweens of two images in the image editor, wherever their pixels are."""

from pathlib import Path
from typing import Any

import bpy
import numpy as np
import pytest


def opened(path: Path) -> Any:
    return bpy.data.images.load(str(path), check_existing=False)


def made(studio: Any) -> tuple[Any, list[Path]]:
    """The one image sequence of the file, and the files it plays."""
    (image,) = [image for image in bpy.data.images if image.source == "SEQUENCE"]
    first = Path(bpy.path.abspath(image.filepath))
    return image, sorted(path for path in first.parent.glob(f"*{first.suffix}"))


def first_frame(studio: Any, image: Any) -> Any:
    """The pixels of a sequence's first frame as Blender has them; of a sequence itself it tells only an editor."""
    single = opened(Path(bpy.path.abspath(image.filepath)))
    single.colorspace_settings.name, single.alpha_mode = image.colorspace_settings.name, image.alpha_mode
    return studio.values(single)


@pytest.mark.parametrize("ext", ["png", "exr"])
def test_images_on_disk_become_what_the_runner_makes(studio: Any, ext: str) -> None:
    keys = {1: studio.save(f"a.{ext}", studio.drawing(0)), 5: studio.save(f"b.{ext}", studio.drawing(16))}
    first, last = opened(keys[1]), opened(keys[5])
    assert bpy.ops.inbetween.images(image_a=first.name, image_b=last.name, count=3) == {"FINISHED"}
    image, files = made(studio)
    assert studio.same_pictures(files, studio.by_the_runner(keys))
    assert (image.colorspace_settings.name, image.alpha_mode) == (first.colorspace_settings.name, first.alpha_mode)


def test_the_panel_names_the_images_when_the_call_does_not(studio: Any) -> None:
    panel = bpy.context.scene.inbetween
    panel.image_a, panel.image_b = (
        opened(studio.save("a.png", studio.drawing(0))),
        opened(studio.save("b.png", studio.drawing(8))),
    )
    panel.count, panel.timing = 2, "0.1, 0.2"
    assert bpy.ops.inbetween.images() == {"FINISHED"}
    _, files = made(studio)
    runner = studio.by_the_runner({1: studio.folder / "a.png", 4: studio.folder / "b.png"}, timing="0.1, 0.2")
    assert studio.same_pictures(files, runner)


@pytest.mark.parametrize("state", ["generated", "painted", "packed"])
def test_eight_bit_pictures_that_only_blender_has_are_kept_to_the_bit(studio: Any, state: str) -> None:
    wanted = studio.drawing(0, cover=0.4), studio.drawing(16)
    files = [studio.save(f"key{n}.png", pixels) for n, pixels in enumerate(wanted)]
    if state == "generated":
        first, last = (studio.datablock(f"made{n}", pixels) for n, pixels in enumerate(wanted))
    else:
        first, last = opened(files[1] if state == "painted" else files[0]), opened(files[1])
        if state == "painted":
            first.pixels.foreach_set(wanted[0].ravel())
            first.update()
        else:
            first.pack()
            last.pack()
    keys = dict(zip((1, 4), files, strict=True))
    on_disk = {path: path.read_bytes() for path in files}
    if state == "packed":
        for path in files:
            path.unlink()
    assert bpy.ops.inbetween.images(image_a=first.name, image_b=last.name, count=2) == {"FINISHED"}
    for path, data in on_disk.items():
        if state == "packed":
            path.write_bytes(data)
    _, result = made(studio)
    assert studio.same_pictures(result, studio.by_the_runner(keys))


def test_float_pictures_that_only_blender_has_keep_every_value(studio: Any) -> None:
    first, last = studio.drawing(0) * 6 - 1, studio.drawing(16) * 3
    first[..., 3] = last[..., 3] = 1
    for name, pixels in (("dark", first), ("light", last)):
        studio.datablock(name, pixels, real=True)
    assert bpy.ops.inbetween.images(image_a="dark", image_b="light", count=1) == {"FINISHED"}
    image, files = made(studio)
    assert [path.suffix for path in files] == [".exr"] * 3
    assert np.array_equal(studio.pixels(files[0]), first)
    assert np.array_equal(studio.pixels(files[2]), last)
    assert np.allclose(first_frame(studio, image), first)


def test_sixteen_bit_picture_that_was_painted_on_comes_back_as_it_looked(studio: Any) -> None:
    """Blender has 16-bit pictures as linear floats, whatever their file's colour space."""
    images = []
    for name, value in (("a", 0.25), ("b", 0.5)):
        pixels = np.full((8, 8, 4), value, np.float32)
        pixels[..., 3] = 1
        image = studio.datablock(name, pixels, real=True)
        output = bpy.context.scene.render.image_settings
        output.file_format, output.color_depth, output.color_mode = "PNG", "16", "RGBA"
        image.save_render(str(studio.folder / f"{name}16.png"), scene=bpy.context.scene)
        images.append(opened(studio.folder / f"{name}16.png"))
        studio.values(images[-1])
        images[-1].pixels[0] = 0.25
    assert images[0].is_float
    assert images[0].is_dirty
    before = studio.values(images[0])
    assert bpy.ops.inbetween.images(image_a=images[0].name, image_b=images[1].name, count=1) == {"FINISHED"}
    image, _ = made(studio)
    assert np.allclose(first_frame(studio, image), before, atol=1e-6)


def test_image_editor_shows_the_sequence_from_the_current_frame_on(studio: Any) -> None:
    bpy.context.scene.frame_current = 10
    for name, at in (("a", 0), ("b", 8)):
        studio.datablock(name, studio.drawing(at))
    with studio.window("IMAGE_EDITOR"):
        assert bpy.ops.inbetween.images(image_a="a", image_b="b", count=2) == {"FINISHED"}
        space = bpy.context.space_data
        assert space.image == made(studio)[0]
        assert (space.image_user.frame_start, space.image_user.frame_duration) == (10, 4)


@pytest.mark.parametrize(
    ("kinds", "words"),
    [
        (("nothing", "byte"), "Choose two images"),
        (("byte", "float"), "make them alike"),
        (("byte", "large"), "64"),
        (("sequence", "byte"), "sequence"),
        (("missing", "byte"), "cannot be read"),
    ],
)
def test_images_that_cannot_be_used_are_named_with_the_reason(studio: Any, kinds: tuple[str, str], words: str) -> None:
    studio.datablock("byte", studio.drawing(0))
    studio.datablock("float", studio.drawing(0), real=True)
    studio.datablock("large", studio.drawing(0, width=64))
    opened(studio.save("run.0001.png", studio.drawing(0))).name = "sequence"
    bpy.data.images["sequence"].source = "SEQUENCE"
    missing = opened(studio.save("gone.png", studio.drawing(0)))
    (studio.folder / "gone.png").unlink()
    missing.name = "missing"
    missing.reload()
    with pytest.raises(RuntimeError, match=words):
        bpy.ops.inbetween.images(image_a=kinds[0], image_b=kinds[1])
    assert not list(Path(bpy.app.tempdir).glob("tmp*/*.raw"))


def test_images_in_different_colour_spaces_are_named(studio: Any) -> None:
    first, last = (opened(studio.save(f"{name}.png", studio.drawing(at))) for name, at in (("a", 0), ("b", 8)))
    last.colorspace_settings.name = "Non-Color"
    assert bpy.ops.inbetween.images(image_a=first.name, image_b=last.name, count=1) == {"FINISHED"}
    (note,) = studio.session.notes
    assert "a.png is shown with colour space sRGB, b.png with Non-Color" in note


def test_undo_takes_the_sequence_away(studio: Any) -> None:
    for name, at in (("a", 0), ("b", 8)):
        opened(studio.save(f"{name}.png", studio.drawing(at)))
    bpy.ops.ed.undo_push(message="keys")
    assert bpy.ops.inbetween.images("EXEC_DEFAULT", True, image_a="a.png", image_b="b.png") == {"FINISHED"}
    with studio.window():
        bpy.ops.ed.undo()
        assert not [image for image in bpy.data.images if image.source == "SEQUENCE"]
        bpy.ops.ed.redo()
    _, files = made(studio)
    assert len(files) == 5
