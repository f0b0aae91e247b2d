"""Blender: in-betweens inside the artist's scene.

Inside Blender (standard library, `bpy` and the worker's client only; relative imports, because Blender names the
package `bl_ext.<repository>.inbetween`):
    compat       every difference between 4.2 LTS, 4.5 LTS and 5.0
    properties   the engine's settings as Blender properties, made from its own description
    preferences  the engine's Python, model, device, output folder
    session      the one worker of this Blender, and what it is doing
    snapshot     what is handed to the worker: plain values taken from strips and images
    operators    in-between strips, images, sequences: they start a job and put what it made into the scene
    marks        what the camera sees of objects at the keys, as a table of marks
    vectors      motion vectors of every frame, rendered beside keys that were rendered in full
    controls     cancel, check, free memory, open folder, compositor group
    panels       the sidebars

In the engine's own Python:
    package      builds the extension, its repository index; installs and removes it
"""


def register() -> None:
    """Called by Blender when the extension is enabled."""
    from . import controls, marks, operators, panels, preferences, properties, session, vectors

    for module in (properties, preferences, session, operators, marks, vectors, controls, panels):
        module.register()


def unregister() -> None:
    """Called by Blender when the extension is disabled, updated or removed."""
    from . import controls, marks, operators, panels, preferences, properties, session, vectors

    for module in (panels, controls, vectors, marks, operators, session, preferences, properties):
        module.unregister()
