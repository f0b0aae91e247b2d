"""The sidebars in sequencer, image editor and compositor."""

import textwrap
from typing import Any, ClassVar

import bpy

from ..worker.client import WorkerError
from . import snapshot
from .properties import PICTURE, preferences
from .session import SESSION, python

FOLDED = ("scheme", "theta", "epsilon", "kmeans", "cut_threshold", "working_space")
"""Settings that stand in a panel of their own, closed at first."""


class Sidebar(bpy.types.Panel):
    """What all three sidebars share."""

    bl_region_type = "UI"
    bl_category = "Inbetween"
    bl_label = "Inbetween"


class MainPanel(Sidebar):
    """Start, settings, progress, last word."""

    def draw(self, context: Any) -> None:
        layout = self.layout
        layout.use_property_split = True
        layout.use_property_decorate = False
        if SESSION.busy:
            layout.progress(factor=SESSION.progress, text=SESSION.status)
            layout.operator("inbetween.cancel", icon="CANCEL")
            return
        problem = _problem(context)
        if problem:
            _text(layout, context, problem)
            layout.operator("preferences.addon_show", text="Preferences").module = __package__.partition(".hosts.")[0]
            return
        self.draw_start(layout, context)
        for row in PICTURE:
            if row["name"] not in FOLDED:
                layout.prop(context.scene.inbetween, row["name"])
        layout.prop(preferences(context), "model")
        for sentence in (*SESSION.notes, *filter(None, [SESSION.error])):
            _text(layout, context, sentence)
        if SESSION.model:
            layout.label(text=f"Drawn by {SESSION.model}")
        layout.operator("inbetween.open_folder", icon="FILE_FOLDER")
        layout.operator("inbetween.worker_release")

    def draw_start(self, layout: Any, context: Any) -> None:
        """The buttons that start what this editor is for."""
        raise NotImplementedError


class MorePanel(Sidebar):
    """The settings that most shots leave alone."""

    bl_label = "More"
    bl_options: ClassVar = {"DEFAULT_CLOSED"}

    def draw(self, context: Any) -> None:
        self.layout.use_property_split = True
        self.layout.use_property_decorate = False
        for name in FOLDED:
            self.layout.prop(context.scene.inbetween, name)


def _fill(layout: Any, context: Any) -> None:
    layout.prop(context.scene.inbetween, "source")
    layout.prop(context.scene.inbetween, "guide")
    layout.prop(context.scene.inbetween, "marks")
    layout.prop(context.scene.inbetween, "marks_objects")
    layout.operator("inbetween.marks_from_objects", icon="EMPTY_AXIS")
    layout.prop(context.scene.inbetween, "motion_vectors")
    layout.operator("inbetween.render_vectors", icon="RENDER_ANIMATION")
    layout.prop(context.scene.inbetween, "cycle")
    layout.prop(context.scene.inbetween, "target")
    problem = _homeless(context)
    button = layout.row()
    button.enabled = not problem
    button.operator("inbetween.fill_sequence", icon="SEQUENCE")
    if problem:
        _text(layout, context, problem)


class SequencerPanel(MainPanel):
    bl_idname = "INBETWEEN_PT_sequencer"
    bl_space_type = "SEQUENCE_EDITOR"

    def draw_start(self, layout: Any, context: Any) -> None:
        layout.operator("inbetween.strips", icon="SEQ_SEQUENCER")
        _fill(layout, context)


class ImagePanel(MainPanel):
    bl_idname = "INBETWEEN_PT_image"
    bl_space_type = "IMAGE_EDITOR"

    def draw_start(self, layout: Any, context: Any) -> None:
        for name in ("image_a", "image_b", "count"):
            layout.prop(context.scene.inbetween, name)
        layout.operator("inbetween.images", icon="IMAGE_DATA")
        _fill(layout, context)


class CompositorPanel(MainPanel):
    bl_idname = "INBETWEEN_PT_compositor"
    bl_space_type = "NODE_EDITOR"

    @classmethod
    def poll(cls, context: Any) -> bool:
        return bool(context.space_data.tree_type == "CompositorNodeTree")

    def draw_start(self, layout: Any, context: Any) -> None:
        layout.operator("inbetween.comp_group", icon="NODETREE")
        _fill(layout, context)


class SequencerMore(MorePanel):
    bl_idname = "INBETWEEN_PT_sequencer_more"
    bl_parent_id = "INBETWEEN_PT_sequencer"
    bl_space_type = "SEQUENCE_EDITOR"


class ImageMore(MorePanel):
    bl_idname = "INBETWEEN_PT_image_more"
    bl_parent_id = "INBETWEEN_PT_image"
    bl_space_type = "IMAGE_EDITOR"


class CompositorMore(MorePanel):
    bl_idname = "INBETWEEN_PT_compositor_more"
    bl_parent_id = "INBETWEEN_PT_compositor"
    bl_space_type = "NODE_EDITOR"


def _problem(context: Any) -> str:
    """Why nothing can be drawn at all, or an empty string."""
    try:
        python(preferences(context))
    except WorkerError as problem:
        return str(problem)
    return ""


def _homeless(context: Any) -> str:
    """Why a finished sequence has no place by what the panel says, or an empty string.

    The operator's `poll` cannot say so: a script may name another place.
    """
    try:
        snapshot.absolute(context.scene.inbetween.target or preferences(context).folder)
    except snapshot.SelectionError as problem:
        return str(problem)
    return ""


def _text(layout: Any, context: Any, sentence: str) -> None:
    """A sentence over as many lines as the sidebar's width asks for: Blender's labels do not wrap."""
    width = max(20, context.region.width // 8) if context.region else 40
    column = layout.column(align=True)
    column.alert = True
    for line in textwrap.wrap(sentence, width):
        column.label(text=line)


def _menu(menu: Any, context: Any) -> None:
    menu.layout.separator()
    menu.layout.operator("inbetween.strips")


CLASSES = (SequencerPanel, ImagePanel, CompositorPanel, SequencerMore, ImageMore, CompositorMore)


def register() -> None:
    for kind in CLASSES:
        bpy.utils.register_class(kind)
    bpy.types.SEQUENCER_MT_strip.append(_menu)


def unregister() -> None:
    bpy.types.SEQUENCER_MT_strip.remove(_menu)
    for kind in reversed(CLASSES):
        bpy.utils.unregister_class(kind)
