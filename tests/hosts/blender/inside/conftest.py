"""A real Blender with the extension installed from its zip, and the engine's real worker."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ["BLENDER_USER_RESOURCES"] = tempfile.mkdtemp(prefix="blender-home-")  # before bpy reads it

import bpy
import numpy as np

MODULE = "bl_ext.user_default.inbetween"
RC = pytest.StashKey[int]()
RUN = """
import json, sys
from inbetween.hosts.sequence.job import job_from
from inbetween.hosts.sequence.run import run
for line in sys.stdin:
    run(job_from(json.loads(line)), lambda event: None)
    print("done", flush=True)
"""


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[RC] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Blender 4.2 and 4.5 hang or crash when the interpreter ends; leave before that, with pytest's own exit code."""
    shutil.rmtree(os.environ["BLENDER_USER_RESOURCES"], ignore_errors=True)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(config.stash.get(RC, 1))


class Studio:
    """What the tests draw, save, read and select; one for each test, with a folder of its own."""

    def __init__(self, runner: "subprocess.Popen[str]", folder: Path) -> None:
        self._runner, self.folder, self.result = runner, folder, folder / "out"

    @property
    def preferences(self) -> Any:
        return bpy.context.preferences.addons[MODULE].preferences

    @property
    def session(self) -> Any:
        """The extension's own state."""
        return self.module("session").SESSION

    def module(self, name: str) -> Any:
        """A module of the installed extension."""
        return sys.modules[f"{MODULE}.hosts.blender.{name}"]

    def drawing(self, at: float, *, cover: float = 1, width: int = 48, height: int = 32) -> Any:
        """A disc that moves with `at` over a see-through ground with a bar: float32 (H, W, 4), bottom row first."""
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        pixels = np.zeros((height, width, 4), np.float32)
        pixels[np.hypot(x - 8 - at, y - 12) < 7] = (0.9, 0.4, 0.2, cover)
        pixels[4:6] = (0.1, 0.2, 0.6, 1)
        return pixels

    def datablock(self, name: str, pixels: Any, *, real: bool = False) -> Any:
        """An image that only Blender has."""
        image = bpy.data.images.new(name, pixels.shape[1], pixels.shape[0], alpha=True, float_buffer=real)
        image.pixels.foreach_set(np.ascontiguousarray(pixels, np.float32).ravel())
        image.update()
        return image

    def save(self, name: str, pixels: Any) -> Path:
        """An 8-bit PNG of straight display values, or an EXR of premultiplied scene-linear ones."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        image = self.datablock("saved", pixels, real=path.suffix == ".exr")
        if path.suffix == ".exr":  # `Image.save` would write display-encoded values into it
            output = bpy.context.scene.render.image_settings
            if hasattr(output, "media_type"):
                output.media_type = "IMAGE"
            output.file_format, output.color_depth, output.color_mode = "OPEN_EXR", "32", "RGBA"
            image.save_render(str(path), scene=bpy.context.scene)
        else:
            image.filepath_raw, image.file_format = str(path), "PNG"
            image.save()
        bpy.data.images.remove(image)
        return path

    def pixels(self, path: str | Path) -> Any:
        """What is in a file, untouched by colour management: (H, W, 4), bottom row first."""
        image = bpy.data.images.load(str(path), check_existing=False)
        image.colorspace_settings.name, image.alpha_mode = "Non-Color", "CHANNEL_PACKED"
        values = self.values(image)
        bpy.data.images.remove(image)
        return values

    def values(self, image: Any) -> Any:
        """An image's pixels as Blender has them."""
        values = np.empty(len(image.pixels), np.float32)
        image.pixels.foreach_get(values)
        width, height = image.size
        return values.reshape(height, width, -1)

    def by_the_runner(self, keys: dict[int, Path], **more: Any) -> list[Path]:
        """What the sequence runner makes of these keys, without Blender: every file of its result, in order.

        `more` are settings, and what else a job takes.
        """
        source, target = self.folder / "runner" / "in", self.folder / "runner" / "out"
        source.mkdir(parents=True)
        for frame, path in keys.items():
            (source / f"key.{frame:04d}{path.suffix}").write_bytes(path.read_bytes())
        said: dict[str, Any] = {name: more.pop(name) for name in ("guide", "marks", "cycle") if name in more}
        settings: dict[str, Any] = {"model": "dissolve", **more}
        job = {"source": str(source), "target": str(target), "settings": settings, **said}
        assert self._runner.stdin is not None
        assert self._runner.stdout is not None
        self._runner.stdin.write(json.dumps(job) + "\n")
        self._runner.stdin.flush()
        assert self._runner.stdout.readline() == "done\n"
        return sorted(path for path in target.iterdir() if path.is_file())

    def strips(self) -> Any:
        """The scene's strips, under the name this Blender has for them."""
        editor = bpy.context.scene.sequence_editor_create()
        return editor.strips if hasattr(editor, "strips") else editor.sequences

    def strip(self, path: Path, start: int, *, length: int = 1, channel: int = 1, name: str = "") -> Any:
        """A selected strip that holds one picture for some frames."""
        made = self.strips().new_image(name=name or path.stem, filepath=str(path), channel=channel, frame_start=start)
        made.frame_final_duration, made.select = length, True
        return made

    def files(self, strip: Any) -> list[Path]:
        """The files that a strip shows, in order."""
        return [Path(bpy.path.abspath(strip.directory), element.filename) for element in strip.elements]

    def same_pictures(self, some: list[Path], others: list[Path]) -> bool:
        """Whether files hold the same pixels, to the bit."""
        pairs = zip(some, others, strict=True)
        return all(np.array_equal(self.pixels(one), self.pixels(other)) for one, other in pairs)

    def window(self, kind: str = "SEQUENCE_EDITOR", tree: str = "") -> Any:
        """A context in which an editor of that kind has the focus."""
        window = bpy.context.window_manager.windows[0]
        area = window.screen.areas[0]
        area.type = kind
        if tree:
            area.ui_type = tree
        return bpy.context.temp_override(window=window, area=area, region=area.regions[-1])


@pytest.fixture(scope="session")
def engine() -> str:
    """The Python of inbetween's own environment."""
    python = os.environ.get("INBETWEEN_PYTHON")
    if not python:
        pytest.skip("INBETWEEN_PYTHON does not name the engine's Python")
    return python


@pytest.fixture(scope="session")
def archive(engine: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The extension's zip, built by the one command."""
    target = tmp_path_factory.mktemp("build") / "inbetween.zip"
    subprocess.run([engine, "-I", "-m", "inbetween.hosts.blender.package", "--zip", str(target)], check=True)
    return target


@pytest.fixture(scope="session")
def installed(archive: Path) -> Iterator[None]:
    """The extension, installed the way an artist does it."""
    bpy.ops.extensions.package_install_files(filepath=str(archive), repo="user_default", enable_on_install=True)
    yield
    if MODULE in bpy.context.preferences.addons:
        bpy.ops.preferences.addon_disable(module=MODULE)


@pytest.fixture(scope="session")
def runner(engine: str) -> Iterator["subprocess.Popen[str]"]:
    """The sequence runner in a process of its own, without Blender and without the worker."""
    pipe = subprocess.PIPE
    with subprocess.Popen([engine, "-I", "-c", RUN], stdin=pipe, stdout=pipe, text=True) as process:
        yield process


@pytest.fixture
def studio(installed: None, engine: str, runner: "subprocess.Popen[str]", tmp_path: Path) -> Studio:
    """An empty file, the engine named in the preferences, and a folder for the results."""
    bpy.ops.wm.read_homefile(use_empty=True)
    made = Studio(runner, tmp_path)
    chosen = made.preferences
    chosen.python, chosen.folder, chosen.model = engine, str(made.result / "{name}"), "dissolve"
    return made
