"""Makes the pictures of docs/blender.md in a real Blender, without a window.

    INBETWEEN_PYTHON=.venv/bin/python .venv-blender/bin/python docs/blender_pictures.py

Two keys of the example fox are laid into the sequencer, the gap is filled by the extension's own operator, and the
sequencer and the compositor render what they then show.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
KEYS = {1: ROOT / "examples/fox/keys/fox.0001.png", 9: ROOT / "examples/fox/keys/fox.0009.png"}
WORK = Path(tempfile.mkdtemp(prefix="blender-pictures-"))
os.environ["BLENDER_USER_RESOURCES"] = str(WORK / "home")  # before bpy reads it

import bpy  # noqa: E402 - see above

TILE, EDGE = (480, 270), 8
KEY_FRAME, GROUND = (0.9, 0.45, 0.1), (0.86, 0.84, 0.8)


def install(engine: str) -> None:
    """Build the extension and install it, as an artist does."""
    archive = WORK / "inbetween.zip"
    subprocess.run([engine, "-I", "-m", "inbetween.hosts.blender.package", "--zip", str(archive)], check=True)
    bpy.ops.extensions.package_install_files(filepath=str(archive), repo="user_default", enable_on_install=True)
    preferences = bpy.context.preferences.addons["bl_ext.user_default.inbetween"].preferences
    preferences.python, preferences.folder = engine, str(WORK / "out" / "{name}")


def strips() -> Any:
    return bpy.context.scene.sequence_editor_create().strips


def render(target: Path, width: int, height: int) -> None:
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = width, height, 100
    scene.render.image_settings.media_type = "IMAGE"
    scene.render.image_settings.file_format, scene.render.image_settings.color_mode = "PNG", "RGB"
    scene.view_settings.view_transform, scene.render.filepath = "Standard", str(target)
    bpy.ops.render.render(write_still=True)


def draw() -> list[Path]:
    """Fill the gap between the keys; the nine frames that the sequencer then shows."""
    for frame, path in KEYS.items():
        strip = strips().new_image(name=path.stem, filepath=str(path), channel=1, frame_start=frame)
        strip.frame_final_duration, strip.select = 1, True
    assert bpy.ops.inbetween.strips() == {"FINISHED"}
    made = strips()["fox.0001 in-betweens"]
    between = [Path(bpy.path.abspath(made.directory), element.filename) for element in made.elements]
    return [KEYS[1], *between, KEYS[9]]


def rectangle(
    channel: int, colour: tuple[float, float, float], width: float, height: float, x: float, y: float
) -> None:
    """A plain strip of that size in pixels, its middle at x, y from the middle of the picture."""
    scene = bpy.context.scene
    strip = strips().new_effect(name="ground", type="COLOR", channel=channel, frame_start=1, length=1)
    strip.color, strip.blend_type = colour, "ALPHA_OVER"
    strip.transform.scale_x = width / scene.render.resolution_x
    strip.transform.scale_y = height / scene.render.resolution_y
    strip.transform.offset_x, strip.transform.offset_y = x, y


def sheet(frames: list[Path], target: Path) -> None:
    """The frames three by three, the keys in orange, laid out and rendered by the sequencer."""
    bpy.ops.wm.read_homefile(use_empty=True)
    scene, pitch = bpy.context.scene, (TILE[0] + EDGE, TILE[1] + EDGE)
    width, height = 3 * pitch[0] + EDGE, 3 * pitch[1] + EDGE
    scene.render.resolution_x, scene.render.resolution_y, scene.frame_current = width, height, 1
    rectangle(1, (1, 1, 1), width, height, 0, 0)
    for place, path in enumerate(frames):
        row, column = divmod(place, 3)
        x, y = (column - 1) * pitch[0], (1 - row) * pitch[1]
        if path in KEYS.values():
            rectangle(3 * place + 2, KEY_FRAME, TILE[0] + EDGE, TILE[1] + EDGE, x, y)
        rectangle(3 * place + 3, GROUND, *TILE, x, y)
        strip = strips().new_image(name=path.stem, filepath=str(path), channel=3 * place + 4, frame_start=1)
        strip.frame_final_duration, strip.blend_type = 1, "ALPHA_OVER"
        strip.transform.scale_x = strip.transform.scale_y = TILE[0] / 1920
        strip.transform.offset_x, strip.transform.offset_y = x, y
    render(target, width, height)


def composite(frames: list[Path], target: Path) -> None:
    """An in-between in front of a ground of the compositor's own, by the node group that the extension adds."""
    bpy.ops.wm.read_homefile(use_empty=True)
    assert bpy.ops.inbetween.comp_group(filepath=str(frames[1].with_name("fox.0001.png"))) == {"FINISHED"}
    scene = bpy.context.scene
    tree, scene.frame_current = scene.compositing_node_group, 5
    group, over = tree.nodes.active, tree.nodes.new("CompositorNodeAlphaOver")
    smaller = tree.nodes.new("CompositorNodeScale")
    smaller.inputs["X"].default_value = smaller.inputs["Y"].default_value = 0.5
    ground, foreground = (socket for socket in over.inputs if socket.type == "RGBA")
    ground.default_value = (0.02, 0.09, 0.16, 1)
    tree.links.new(group.outputs["Image"], smaller.inputs["Image"])
    tree.links.new(smaller.outputs["Image"], foreground)
    (end,) = (node for node in tree.nodes if node.bl_idname == "NodeGroupOutput")
    tree.links.new(over.outputs[0], end.inputs[0])
    render(target, 960, 540)


def main() -> None:
    install(os.environ["INBETWEEN_PYTHON"])
    bpy.ops.wm.read_homefile(use_empty=True)
    frames = draw()
    sheet(frames, PICTURES / "blender-sequencer.png")
    composite(frames, PICTURES / "blender-compositor.png")
    sys.stdout.flush()
    os._exit(0)  # Blender as a module may hang when the interpreter ends


main()
