"""Every difference between Blender 4.2 LTS, 4.5 LTS and 5.0; no other file asks what a version can do."""

from collections.abc import Iterator
from typing import Any

import bpy

RELATIVE: set[str] = {"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5, 0) else set()
"""Options of a path property that may begin with //: 5.0 warns without it, 4.2 does not know it."""


def save_layers(settings: Any) -> None:
    """Have a scene's render saved with all of its passes, as EXR: since 5.0 that is a kind of media."""
    if hasattr(settings, "media_type"):
        settings.media_type = "MULTI_LAYER_IMAGE"
    settings.file_format = "OPEN_EXR_MULTILAYER"


def edit_scene(context: Any) -> Any:
    """The scene whose strips the sequencer shows: since 5.0 the workspace has its own pointer, and it may be empty."""
    return getattr(context, "sequencer_scene", None) or context.scene


def strips(owner: Any) -> Any:
    """The strips of a sequence editor or a meta strip: `strips` since 4.4, `sequences` before."""
    return owner.strips if hasattr(owner, "strips") else owner.sequences


def all_strips(editor: Any) -> Any:
    """The strips of a sequence editor and those inside its meta strips."""
    return editor.strips_all if hasattr(editor, "strips_all") else editor.sequences_all


def shown(editor: Any) -> Any:
    """The collection the artist is looking at: inside a meta strip that is open, its own."""
    return strips(editor.meta_stack[-1] if len(editor.meta_stack) else editor)


def home(editor: Any, name: str) -> Any:
    """The collection that holds the strip of that name, or None."""
    for owner in _owners(editor):
        if name in strips(owner):
            return strips(owner)
    return None


def _owners(editor: Any) -> Iterator[Any]:
    yield editor
    yield from (strip for strip in all_strips(editor) if strip.type == "META")


def compositor_tree(scene: Any) -> Any:
    """The compositor's node tree of a scene, made when there is none yet.

    Since 5.0 it is a node group of its own, which needs an output; before, it is part of the scene.
    """
    if not hasattr(scene, "compositing_node_group"):
        scene.use_nodes = True
        return scene.node_tree
    if scene.compositing_node_group is None:
        tree = bpy.data.node_groups.new("Compositor Nodes", "CompositorNodeTree")
        tree.interface.new_socket(name="Image", in_out="OUTPUT", socket_type="NodeSocketColor")
        tree.nodes.new("NodeGroupOutput")
        scene.compositing_node_group = tree
    return scene.compositing_node_group
