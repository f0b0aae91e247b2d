"""What comes back: finished frames as strips, image sequences and node groups."""

import re
from pathlib import Path
from typing import Any

import bpy

from . import compat
from .snapshot import SelectionError, absolute, clean, free_channel

LOOK = (
    *("alpha_mode", "blend_type", "blend_alpha", "color_multiply", "color_saturation", "multiply_alpha"),
    *("use_flip_x", "use_flip_y", "use_float"),
)
PLACE = {
    "transform": ("scale_x", "scale_y", "offset_x", "offset_y", "rotation", "origin", "filter"),
    "crop": ("min_x", "max_x", "min_y", "max_y"),
}
NUMBER = re.compile(r"(\d+)(?=\.\w+$)")
BELOW_ZERO = re.compile(r"(?<![^\W_])(?<![)\]])-\d+\.\w+$")
"""A dash is a minus where no letter, digit or bracket stands before it, as for the runner."""


def number(file: str | Path) -> int:
    """The frame number in a file name. Raises `SelectionError` where there is none that Blender can count from."""
    name = Path(file).name
    found = NUMBER.search(name)
    if found is None:
        raise SelectionError(f"{file} has no frame number in its name; choose the first file of a numbered sequence")
    if BELOW_ZERO.search(name):
        raise SelectionError(
            f"Blender plays no image sequence with frames below 0, as {file}: bring it in as a strip, or number the "
            "keys from 0 on"
        )
    return int(found[1])


def sequence(first: str) -> list[str]:
    """The files from `first` on without a gap in their numbers. Raises `SelectionError` when there are none."""
    if not first:
        raise SelectionError(
            "Nothing has been drawn in this scene yet; draw something, or name the first file of a sequence"
        )
    path = absolute(first)
    start, files = number(path), list[str]()
    while path.is_file():
        files.append(str(path))
        digits = f"{start + len(files):0{len(NUMBER.search(path.name)[1])}d}"  # type: ignore[index] # `number` found one
        path = path.with_name(NUMBER.sub(digits, path.name))
    if not files:
        raise SelectionError(f"{path} is not there; draw the sequence again, or name the first file of another")
    return files


def kept_path(file: str | Path) -> str:
    """A path as the .blend file should keep it: relative when the frames lie beside it, so that both can move."""
    beside = bpy.data.filepath and bpy.path.is_subdir(str(file), bpy.path.abspath("//"))
    return str(bpy.path.relpath(str(file))) if beside else str(file)


def add_strip(strips: Any, name: str, files: list[str], start: int, channel: int = 1) -> Any:
    """A strip that shows `files` from frame `start` on, in the first channel from `channel` upwards that has room."""
    free = free_channel(strips, channel, start, start + len(files))
    strip = strips.new_image(name=name, filepath=kept_path(files[0]), channel=free, frame_start=start)
    for file in files[1:]:
        strip.elements.append(Path(file).name)
    strip.select = False
    return strip


def look_alike(key: Any, strip: Any) -> None:
    """Show in-betweens the way their key is shown: colour space, alpha, blending, place."""
    strip.colorspace_settings.name = key.colorspace_settings.name
    for name in LOOK:
        setattr(strip, name, getattr(key, name))
    for part, names in PLACE.items():
        for name in names:
            setattr(getattr(strip, part), name, getattr(getattr(key, part), name))


def open_images(files: list[str]) -> Any:
    """Files as one image sequence datablock. Raises `SelectionError` for frames that Blender cannot count."""
    number(files[0])
    image = bpy.data.images.load(kept_path(files[0]))
    image.source = "SEQUENCE"
    return image


def show_image(context: Any, image: Any, files: list[str]) -> None:
    """Show an image sequence, from the current frame on, if it is an image editor that the artist is working in."""
    space = context.space_data
    if space is None or space.type != "IMAGE_EDITOR":
        return
    space.image, user = image, space.image_user
    user.frame_start, user.frame_duration = context.scene.frame_current, len(files)
    user.frame_offset, user.use_auto_refresh = number(files[0]) - 1, True


def group(files: list[str]) -> Any:
    """A node group whose Image and Alpha are the sequence, each file at the frame that its number names."""
    tree = bpy.data.node_groups.new(f"Inbetween {clean(Path(files[0]).name)}", "CompositorNodeTree")
    output, picture = tree.nodes.new("NodeGroupOutput"), tree.nodes.new("CompositorNodeImage")
    picture.image = open_images(files)
    first = number(files[0])
    picture.frame_start, picture.frame_duration, picture.frame_offset = first, len(files), first - 1
    output.location.x = picture.location.x + 300
    for place, (name, kind) in enumerate((("Image", "NodeSocketColor"), ("Alpha", "NodeSocketFloat"))):
        tree.interface.new_socket(name=name, in_out="OUTPUT", socket_type=kind)
        tree.links.new(picture.outputs[name], output.inputs[place])
    return tree


def add_group(scene: Any, made: Any) -> Any:
    """A node for a group in the scene's compositor, selected and active, connected to nothing yet."""
    tree = compat.compositor_tree(scene)
    node = tree.nodes.new("CompositorNodeGroup")
    node.node_tree, node.label = made, made.name
    for other in tree.nodes:
        other.select = other == node
    tree.nodes.active = node
    return node
