"""The Pyblish plug-ins, run for real: what is sound is published, what is not stops everything behind it."""

import json
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest

from inbetween import publish as command
from inbetween import publishing
from inbetween.core.settings import Settings
from inbetween.hosts.sequence import names
from inbetween.hosts.sequence.frames import Header, write_frame
from inbetween.hosts.sequence.job import Job
from inbetween.hosts.sequence.run import run
from inbetween.models.training import store
from inbetween.premises import audit

api = pytest.importorskip("pyblish.api", reason="pyblish-base is not installed")


@pytest.fixture(autouse=True)
def nothing_registered() -> Iterator[None]:
    """Pyblish keeps its plug-ins and tests in globals."""
    api.deregister_all_plugins()
    api.deregister_all_paths()
    yield
    api.deregister_test()


def write(file: Path, step: int, size: tuple[int, int] = (24, 32), **attributes: Any) -> None:
    pixels = np.zeros((*size, 4), np.float32)
    pixels[4:14, 3 * step : 3 * step + 8] = (0.7, 0.3, 0.1, 1)
    if attributes.pop("nan", False):
        pixels[0, 0, 0] = np.nan
    spec = oiio.ImageSpec(size[1], size[0], 4, attributes.pop("kind", "half"))
    spec["oiio:ColorSpace"] = attributes.pop("space", "lin_rec709_scene")
    spec.channelnames = attributes.pop("names", ("R", "G", "B", "A"))
    out = oiio.ImageOutput.create(str(file))
    assert out.open(str(file), spec)
    assert out.write_image(pixels)
    assert out.close()


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    folder.mkdir()
    for number in (1, 4, 7):
        write(folder / f"shot.{number:04d}.exr", number)
    return folder


@pytest.fixture
def finished(keys: Path, tmp_path: Path) -> Path:
    """Keys 1, 4, 7 and the frames between, as the runner leaves them, with the owner's leave."""
    target = tmp_path / "finished"
    run(Job(str(keys), str(target), Settings(model="dissolve")), lambda event: None, lambda: False)
    leave = {"show": "short", "owner": "The Studio", "approver": "A. Producer", "scope": ["fine-tune"]}
    dates = {"start": date.today().isoformat(), "finish": (date.today() + timedelta(1)).isoformat()}
    (target / "permission.json").write_text(json.dumps({**leave, **dates}))
    return target


def published(finished: Path, keys: Path | None = None) -> tuple[list[str], Path]:
    """The plug-ins that failed, by name, and the store."""
    target = finished.parent / "store"
    context = command.publish(finished, target, keys)
    return [result["plugin"].__name__ for result in context.data["results"] if result["error"]], target


def test_a_sound_sequence_reaches_the_store(finished: Path, keys: Path) -> None:
    failed, target = published(finished, keys)
    assert failed == []
    (entry,) = store.entries(target)
    assert entry.show == "short"
    manifest = json.loads((target / "publishes" / "short" / "shot.####.exr.json").read_text())
    assert [frame["drawn"] for frame in manifest["frames"]] == [False, True, True, False, True, True, False]
    assert [event["event"] for event in audit.events(target)] == ["add"]


def test_a_model_does_not_learn_from_what_it_drew(finished: Path) -> None:
    _, target = published(finished)
    (entry,) = store.entries(target)
    assert [blob.name for blob in entry.blobs] == ["shot.0001.exr", "shot.0004.exr", "shot.0007.exr"]
    assert entry.shot.exposures == (3, 3, 1)


def test_a_frame_corrected_by_hand_is_learnt_from(finished: Path) -> None:
    write(finished / "shot.0002.exr", 2)
    (entry,) = store.entries(published(finished)[1])
    assert [blob.name for blob in entry.blobs][:2] == ["shot.0001.exr", "shot.0002.exr"]


def lost(finished: Path, keys: Path) -> None:
    (finished / "shot.0005.exr").unlink()


def resized(finished: Path, keys: Path) -> None:
    write(finished / "shot.0005.exr", 5, (26, 32))


def renamed_channels(finished: Path, keys: Path) -> None:
    write(finished / "shot.0005.exr", 5, names=("R", "G", "B", "Z"))


def widened(finished: Path, keys: Path) -> None:
    write(finished / "shot.0005.exr", 5, kind="float")


def recoloured(finished: Path, keys: Path) -> None:
    write(finished / "shot.0005.exr", 5, space="ACEScct")


def not_a_number(finished: Path, keys: Path) -> None:
    write(finished / "shot.0005.exr", 5, nan=True)


def truncated(finished: Path, keys: Path) -> None:
    file = finished / "shot.0005.exr"
    file.write_bytes(file.read_bytes()[:400])


def key_changed(finished: Path, keys: Path) -> None:
    write(finished / "shot.0004.exr", 3)


def key_missing(finished: Path, keys: Path) -> None:
    write(keys / "shot.0009.exr", 9)


def foreign(finished: Path, keys: Path) -> None:
    shutil.rmtree(finished / ".inbetween")
    write(finished / "shot.0002.exr", 2)


def no_leave(finished: Path, keys: Path) -> None:
    (finished / "permission.json").unlink()


FAULTS = [
    (lost, "ValidateFrames"),
    (resized, "ValidatePlates"),
    (renamed_channels, "ValidatePlates"),
    (widened, "ValidatePlates"),
    (recoloured, "ValidatePlates"),
    (not_a_number, "ValidatePlates"),
    (truncated, "ValidatePlates"),
    (key_changed, "ValidateKeys"),
    (key_missing, "ValidateKeys"),
    (foreign, "ValidateProvenance"),
    (no_leave, "ValidateRights"),
]


def test_depth_may_be_infinite_where_there_is_nothing(tmp_path: Path) -> None:
    spec = oiio.ImageSpec(4, 4, 4, "float")
    spec.channelnames = ("R", "G", "B", "Z")
    for number, depth in ((1, np.inf), (2, np.nan)):
        pixels = np.ones((4, 4, 4), np.float32)
        pixels[0, 0, 3] = depth
        write_frame(tmp_path / f"shot.{number}.exr", Header(tmp_path / f"shot.{number}.exr", (spec,), False), pixels)
    (sequence,), _ = names.find(str(tmp_path))
    (fault,) = publishing.unsound_plates(sequence)
    assert fault.startswith("shot.2.exr holds values that are no numbers")


@pytest.mark.parametrize(("spoil", "plugin"), FAULTS, ids=[spoil.__name__ for spoil, _ in FAULTS])
def test_a_fault_is_found_and_nothing_is_stored(finished: Path, keys: Path, spoil: Any, plugin: str) -> None:
    spoil(finished, keys)
    failed, target = published(finished, keys)
    assert plugin in failed
    assert not target.exists()


@pytest.mark.parametrize(
    ("gone", "told"), [((5,), "1 frame, 5; fill the gap"), ((2, 3, 5), "3 frames, 2, 3, 5; fill the gap")]
)
def test_frames_that_lack_are_named(finished: Path, gone: tuple[int, ...], told: str) -> None:
    for number in gone:
        (finished / f"shot.{number:04d}.exr").unlink()
    (sequence,), _ = names.find(str(finished))
    (fault,) = publishing.missing_frames(sequence)
    assert fault.startswith(f"shot.####.exr lacks {told}")


def test_keys_of_other_passes_are_not_looked_for(finished: Path, keys: Path) -> None:
    for folder in (finished, keys):
        for file in folder.glob("*.exr"):
            file.rename(folder / file.name.replace("shot.", "shot_").replace(".exr", "_beauty.exr"))
    write(keys / "shot_0001_depth.exr", 1)
    ((sequence,), _), lost = names.find(str(finished / "shot_####_beauty.exr")), finished / "shot_0004_beauty.exr"
    assert list(publishing.changed_keys(sequence, keys)) == []
    lost.unlink()
    (fault,) = publishing.changed_keys(sequence, keys)
    assert fault.startswith("shot_0004_beauty.exr is a key but not in")


def test_an_extractor_that_fails_stops_the_integration(finished: Path) -> None:
    """Pyblish's own test would go on."""
    (finished.parent / "store").mkdir()
    (finished.parent / "store" / "publishes").write_text("a file where a folder must be")
    failed, target = published(finished)
    assert failed == ["ExtractManifest"]
    assert not (target / "shots").exists()


def test_all_faults_of_one_kind_are_told_at_once(finished: Path, keys: Path) -> None:
    lost(finished, keys)
    key_changed(finished, keys)
    assert {"ValidateFrames", "ValidateKeys"} <= set(published(finished, keys)[0])


def test_the_plug_ins_are_found_by_their_folder(finished: Path) -> None:
    """As a studio registers them, beside its own."""
    from inbetween import pyblish_plugins

    api.register_plugin_path(str(Path(pyblish_plugins.__file__).parent))
    found = {plugin.__name__ for plugin in api.discover()}
    assert set(command.PLUGINS.values()) <= found


def test_the_command_publishes_without_a_host(finished: Path, keys: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [str(finished), "--keys", str(keys), "--store", str(finished.parent / "store")]
    assert command.main(arguments) == 0
    assert "published, 1 new shot of short" in capsys.readouterr().out
    not_a_number(finished, keys)
    assert command.main(arguments) == 1
    said = capsys.readouterr()
    plates, origin = said.err.splitlines()
    assert plates.startswith("inbetween: Sound plates: shot.0005.exr holds values that are no numbers")
    assert origin.startswith("inbetween: Known origin: shot.0005.exr")
    assert not said.out, "Pyblish prints every fault, too"


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("empty", "empty holds no sequence; name a folder of numbered frames"),
        ("gone", "gone does not exist; name a folder"),
        ("empty/shot.####.exr", "no file in "),
    ],
)
def test_nothing_to_publish_is_wrong_input(
    tmp_path: Path, source: str, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    assert command.main([str(tmp_path / source), "--store", str(tmp_path / "store")]) == 2
    said = capsys.readouterr()
    assert not said.out
    (line,) = said.err.splitlines()
    assert line.removeprefix("inbetween: ").removeprefix(f"{tmp_path}/").startswith(says)
    assert not (tmp_path / "store").exists()
