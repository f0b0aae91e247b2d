"""The extension's life: progress and cancel while Blender stays free, a worker that is missing or dies, removal."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import pytest

MODULE = "bl_ext.user_default.inbetween"
TIMER, ESC, MOUSE = (SimpleNamespace(type=kind, value="PRESS") for kind in ("TIMER", "ESC", "MOUSEMOVE"))


class Window:
    """Stands in for the parts of Blender's window manager that only a real window has; keeps what it was told."""

    def __init__(self) -> None:
        self.timers: list[object] = []
        self.handlers: list[object] = []
        self.status: list[str | None] = []
        self.windows = bpy.context.window_manager.windows
        self.context = SimpleNamespace(
            window=None,
            window_manager=self,
            workspace=SimpleNamespace(status_text_set=self.status.append),
            scene=bpy.context.scene,
            preferences=bpy.context.preferences,
            space_data=None,
        )

    def event_timer_add(self, seconds: float, window: Any) -> object:
        self.timers.append(timer := object())
        return timer

    def event_timer_remove(self, timer: object) -> None:
        self.timers.remove(timer)

    def modal_handler_add(self, operator: object) -> None:
        self.handlers.append(operator)


class StandIn:
    """Stands in for an operator or a panel: the functions of its class on an object that remembers what it reports.

    Without a window Blender runs `execute` for a click, draws no panel, and hands out no such objects.
    """

    def __init__(self, kind: Any, **said: Any) -> None:
        self._kind = kind
        self.bl_label = kind.bl_label
        self.reports: list[tuple[set[str], str]] = []
        self.properties = SimpleNamespace(is_property_set=said.__contains__)
        vars(self).update(said)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kind, name).__get__(self)

    def report(self, kind: set[str], text: str) -> None:
        self.reports.append((kind, text))


@pytest.fixture
def keys(studio: Any) -> dict[int, Path]:
    """Two selected strips with a long gap."""
    files = {1: studio.save("a.png", studio.drawing(0)), 150: studio.save("b.png", studio.drawing(20))}
    for frame, path in files.items():
        studio.strip(path, frame)
    return files


def press(studio: Any, kind: str = "operators.InbetweenStrips") -> tuple[StandIn, Window]:
    """Click the button of an operator."""
    module, _, name = kind.partition(".")
    operator, window = StandIn(getattr(studio.module(module), name)), Window()
    assert operator.invoke(window.context, None) == {"RUNNING_MODAL"}
    assert window.handlers == [operator]
    return operator, window


def turn(operator: StandIn, window: Window, until: Callable[[], object] = lambda: False) -> set[str]:
    """Let the timer tick until the operator is over, or something has happened."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        result = operator.modal(window.context, TIMER)
        if result != {"PASS_THROUGH"} or until():
            return set(result)
        time.sleep(0.01)
    raise AssertionError("it never came true")


def test_click_draws_while_blender_goes_on_and_says_how_far_it_is(studio: Any, keys: dict[int, Path]) -> None:
    operator, window = press(studio)
    assert len(studio.strips()) == 2, "the click itself must not wait for anything"
    assert operator.modal(window.context, MOUSE) == {"PASS_THROUGH"}
    assert turn(operator, window) == {"FINISHED"}
    assert len(studio.strips()["a in-betweens"].elements) == 148
    assert window.timers == []
    said = [status for status in window.status if status]
    assert "starting the engine" in said[0] or "0 of" in said[0]
    assert any(" of 150" in status for status in said)
    assert window.status[-1] is None
    assert studio.session.model.startswith("dissolve on ")


@pytest.mark.parametrize("how", ["escape", "button"])
def test_cancel_keeps_finished_frames_and_the_warm_worker(studio: Any, keys: dict[int, Path], how: str) -> None:
    operator, window = press(studio)
    assert turn(operator, window, lambda: studio.session.done > 2) == {"PASS_THROUGH"}
    if how == "escape":
        assert operator.modal(window.context, ESC) == {"RUNNING_MODAL"}
    else:
        assert bpy.ops.inbetween.cancel() == {"FINISHED"}
    assert turn(operator, window) == {"CANCELLED"}
    assert window.timers == []
    assert len(studio.strips()) == 2
    finished = list((studio.result / "a").glob("*.png"))
    assert 0 < len(finished) < 150
    ((kind, text),) = operator.reports
    assert kind == {"INFO"}
    assert str(studio.result / "a") in text
    assert studio.session.worker.alive
    assert not studio.session.busy


def test_one_job_at_a_time(studio: Any, keys: dict[int, Path]) -> None:
    with pytest.raises(RuntimeError, match="Nothing is being drawn"):
        bpy.ops.inbetween.cancel()
    operator, window = press(studio)
    with pytest.raises(RuntimeError, match="busy"):
        bpy.ops.inbetween.strips()
    with pytest.raises(RuntimeError, match="busy"):
        bpy.ops.inbetween.worker_release()
    bpy.ops.inbetween.cancel()
    turn(operator, window)


def test_strip_that_is_gone_meanwhile_leaves_the_frames_on_disk(studio: Any, keys: dict[int, Path]) -> None:
    operator, window = press(studio)
    turn(operator, window, lambda: studio.session.done > 2)
    studio.strips().remove(studio.strips()["a"])
    assert turn(operator, window) == {"FINISHED"}
    assert [strip.name for strip in studio.strips()] == ["b"]
    ((kind, text),) = operator.reports
    assert kind == {"WARNING"}
    assert str(studio.result / "a") in text


def test_opening_another_file_stops_the_job(studio: Any, keys: dict[int, Path]) -> None:
    operator, window = press(studio)
    turn(operator, window, lambda: studio.session.done > 2)
    bpy.ops.wm.read_homefile(use_empty=True)
    assert studio.session.stopping
    operator.cancel(window.context)  # Blender does this to every running operator
    assert not studio.session.busy
    assert window.timers == []
    assert window.status[-1] is None


def test_worker_that_dies_is_reported_and_the_next_job_starts_another(studio: Any, keys: dict[int, Path]) -> None:
    operator, window = press(studio)
    turn(operator, window, lambda: studio.session.done > 2)
    os.kill(studio.session.worker._process.pid, signal.SIGKILL)
    assert turn(operator, window) == {"CANCELLED"}
    ((kind, text),) = operator.reports
    assert kind == {"ERROR"}
    assert "killed in the middle of its work" in text
    assert studio.session.error == text
    assert bpy.ops.inbetween.strips() == {"FINISHED"}
    assert studio.session.error == ""


def test_engine_that_is_not_set_up_is_said_before_anything_is_pressed(studio: Any, keys: dict[int, Path]) -> None:
    for python, words in (("", "not set up"), ("/nowhere/python", "/nowhere/python is not there")):
        studio.preferences.python = python
        for operator in (bpy.ops.inbetween.strips, bpy.ops.inbetween.fill_sequence, bpy.ops.inbetween.worker_check):
            assert not operator.poll()
            with pytest.raises(RuntimeError, match=words):
                operator()


def test_python_without_the_engine_is_named_with_the_remedy(studio: Any, keys: dict[int, Path]) -> None:
    studio.preferences.python = sys.executable
    with pytest.raises(RuntimeError, match="name the Python that inbetween was installed with"):
        bpy.ops.inbetween.strips()
    with pytest.raises(RuntimeError, match="name the Python that inbetween was installed with"):
        bpy.ops.inbetween.worker_check()


def test_check_says_what_the_engine_is_and_free_memory_ends_it(studio: Any) -> None:
    operator, window = press(studio, "controls.CheckWorker")
    assert turn(operator, window) == {"FINISHED"}
    ((_, text),) = operator.reports
    assert "cpu" in text
    assert "dissolve" in text
    worker = studio.session.worker
    assert bpy.ops.inbetween.worker_release() == {"FINISHED"}
    assert worker._process.wait(10) is not None
    with pytest.raises(RuntimeError, match="not running"):
        bpy.ops.inbetween.worker_release()


def test_worker_stays_warm_between_jobs(studio: Any) -> None:
    for frame, name in ((1, "a"), (4, "b")):
        studio.strip(studio.save(f"{name}.png", studio.drawing(frame)), frame)
    assert bpy.ops.inbetween.strips() == {"FINISHED"}
    first = studio.session.worker._process.pid
    assert bpy.ops.inbetween.strips() == {"FINISHED"}
    assert studio.session.worker._process.pid == first


def test_click_on_something_that_cannot_be_done_ends_at_once(studio: Any) -> None:
    operator, window = (
        StandIn(studio.module("operators").FillSequence, source="//keys", target="", bring="AUTO"),
        Window(),
    )
    assert operator.invoke(window.context, None) == {"CANCELLED"}
    assert operator.reports == [({"ERROR"}, studio.session.error)]
    assert "save the file first" in studio.session.error
    assert not window.timers
    assert not studio.session.busy


def test_folder_can_be_opened_once_there_is_one(studio: Any, keys: dict[int, Path]) -> None:
    studio.session.folder = ""
    with pytest.raises(RuntimeError, match="Nothing has been drawn"):
        bpy.ops.inbetween.open_folder()
    assert bpy.ops.inbetween.strips() == {"FINISHED"}
    assert bpy.ops.inbetween.open_folder.poll()
    assert studio.session.folder == str(studio.result / "a")


def test_cut_between_the_keys_is_told_in_the_panel(studio: Any) -> None:
    import numpy as np

    for frame, seed in ((1, 0), (4, 1)):
        noise = np.random.default_rng(seed).random((32, 48, 4)).astype(np.float32)
        noise[..., 3] = 1
        studio.strip(studio.save(f"shot{seed}.png", noise), frame)
    assert bpy.ops.inbetween.strips(cut_threshold=0.01) == {"FINISHED"}
    (note,) = studio.session.notes
    assert "shot0.png is held: shot1.png looks like another shot" in note


def test_frames_that_need_a_look_are_named_in_the_panel(studio: Any) -> None:
    import numpy as np

    for frame, seed in ((1, 0), (4, 1)):
        noise = np.random.default_rng(seed).random((32, 48, 4)).astype(np.float32)
        noise[..., 3] = 1
        studio.strip(studio.save(f"shot{seed}.png", noise), frame)
    assert bpy.ops.inbetween.strips(cut_threshold=1.0, model="flow") == {"FINISHED"}
    (note,) = studio.session.notes
    assert note.startswith("look at 2-3: a breakdown at ")


class Layout:
    """Records what a panel draws."""

    def __init__(self) -> None:
        self.drawn: list[tuple[str, Any, Any]] = []
        self.enabled = True
        self.alert = self.use_property_split = self.use_property_decorate = False

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            self.drawn.append((name, arguments, named))
            return self

        return call

    def text(self) -> str:
        return " ".join(str(part) for _, arguments, named in self.drawn for part in (*arguments, *named.values()))


def drawn(studio: Any, panel: str, layout: Layout | None = None) -> str:
    """What a panel shows, as text. Its properties and operators must exist: Blender itself looks them up."""
    layout = layout or Layout()
    StandIn(getattr(studio.module("panels"), panel), layout=layout).draw(bpy.context)
    for name, arguments, _ in layout.drawn:
        if name == "operator":
            module, _, function = arguments[0].partition(".")
            assert function in dir(getattr(bpy.ops, module))
        if name == "prop":
            assert arguments[1] in arguments[0].bl_rna.properties
    return layout.text()


def test_panels_show_what_can_be_done(studio: Any) -> None:
    assert "inbetween.strips" in drawn(studio, "SequencerPanel")
    assert "inbetween.images" in drawn(studio, "ImagePanel")
    assert "inbetween.comp_group" in drawn(studio, "CompositorPanel")
    rows = studio.module("properties").PICTURE
    everything = drawn(studio, "SequencerPanel") + drawn(studio, "SequencerMore")
    assert not [row["name"] for row in rows if row["name"] not in everything]


def test_panels_show_progress_errors_and_what_is_missing(studio: Any, keys: dict[int, Path]) -> None:
    operator, window = press(studio)
    turn(operator, window, lambda: studio.session.done > 2)
    shown = drawn(studio, "SequencerPanel")
    assert f"{studio.session.done} of 150" in shown
    assert "inbetween.cancel" in shown
    assert "inbetween.strips" not in shown
    bpy.ops.inbetween.cancel()
    turn(operator, window)
    studio.session.end("the disk is full")
    assert "the disk is full" in drawn(studio, "SequencerPanel")
    studio.preferences.python = ""
    assert "not set up" in drawn(studio, "SequencerPanel")


def test_in_a_file_that_has_no_place_yet_the_buttons_are_grey_and_say_why(
    studio: Any, keys: dict[int, Path], tmp_path: Path
) -> None:
    studio.preferences.folder = "//inbetween/{name}/"
    panel = bpy.context.scene.inbetween
    for button in (bpy.ops.inbetween.strips, bpy.ops.inbetween.images):
        assert not button.poll()
        with pytest.raises(RuntimeError, match=r"poll\(\) //inbetween/{name}/ begins with //.* save the file first"):
            button()
    assert bpy.ops.inbetween.fill_sequence.poll(), "a script may name another place"
    layout = Layout()
    assert "save the file first" in drawn(studio, "SequencerPanel", layout)
    assert not layout.enabled
    panel.target = str(tmp_path / "elsewhere")
    layout = Layout()
    assert "save the file first" not in drawn(studio, "SequencerPanel", layout)
    assert layout.enabled
    panel.target = ""
    bpy.ops.wm.save_as_mainfile(filepath=str(studio.folder / "shot.blend"))
    assert bpy.ops.inbetween.strips.poll()
    assert bpy.ops.inbetween.images.poll()
    layout = Layout()
    assert "save the file first" not in drawn(studio, "SequencerPanel", layout)
    assert layout.enabled


def test_every_setting_of_the_engine_is_there_with_its_default_help_and_limits(studio: Any, engine: str) -> None:
    ask = "import json; from inbetween.core.settings import *; print(json.dumps(describe(Settings)))"
    rows = json.loads(subprocess.run([engine, "-c", ask], capture_output=True, text=True, check=True).stdout)
    properties = studio.module("properties")
    assert {row["name"] for row in properties.PICTURE + properties.MACHINE} == {row["name"] for row in rows}
    studio.preferences.property_unset("model")
    settings = properties.settings(StandIn(studio.module("operators").InbetweenStrips), bpy.context)
    assert settings == {row["name"]: row["default"] for row in rows}
    for row in rows:
        shown = bpy.ops.inbetween.strips.get_rna_type().properties[row["name"]]
        assert shown.description.startswith(row["help"].rstrip("."))
        assert row["unit"] in shown.description
        if row["maximum"] is not None:
            assert shown.soft_max == row["maximum"]
    assert bpy.context.scene.inbetween.bl_rna.properties["on"].hard_min == 1


def test_extension_holds_no_engine_and_imports_none(studio: Any) -> None:
    assert not {"torch", "onnxruntime", "cv2", "OpenImageIO"} & set(sys.modules)


def test_disabled_extension_leaves_nothing_behind(studio: Any, keys: dict[int, Path]) -> None:
    operator, window = press(studio)
    turn(operator, window, lambda: studio.session.done > 2)
    worker = studio.session.worker
    bpy.ops.preferences.addon_disable(module=MODULE)
    try:
        assert worker._process.wait(10) is not None
        assert not dir(bpy.ops.inbetween)
        assert not hasattr(bpy.types.Scene, "inbetween")
        assert not [handler for handler in bpy.app.handlers.load_pre if "inbetween" in handler.__module__]
    finally:
        bpy.ops.preferences.addon_enable(module=MODULE)


def test_uninstalled_extension_is_gone_from_the_disk(studio: Any, archive: Path) -> None:
    folder = Path(bpy.utils.user_resource("EXTENSIONS"), "user_default", "inbetween")
    assert (folder / "blender_manifest.toml").is_file()
    repositories = [repository.module for repository in bpy.context.preferences.extensions.repos]
    bpy.ops.extensions.package_uninstall(repo_index=repositories.index("user_default"), pkg_id="inbetween")
    assert not folder.exists()
    assert MODULE not in bpy.context.preferences.addons
    bpy.ops.extensions.package_install_files(filepath=str(archive), repo="user_default", enable_on_install=True)
    assert MODULE in bpy.context.preferences.addons
