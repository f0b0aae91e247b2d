"""The store keeps every file once, under its hash, and can say what is damaged and what belongs to whom."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from inbetween.core.errors import FrameReadError, InputError
from inbetween.models.training import store
from inbetween.models.training.curate import Shot
from inbetween.models.training.readers import Picture
from inbetween.models.training.split import Place


def file(folder: Path, name: str, content: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(content)
    return path


def entry(show: str, content: str, blobs: tuple[store.Blob, ...], **changes: object) -> store.Entry:
    count = len(blobs)
    values = {"first": 0, "drawings": tuple(range(count)), "exposures": (1,) * count, **changes}
    shot = Shot(f"{content}.####.exr", size=(4, 4), fps=None, content=content, fingerprint=b"\1\2", **values)  # type: ignore[arg-type]
    return store.Entry(show, shot, Place(content, "train"), blobs, "permission")


def test_equal_files_are_kept_once(tmp_path: Path) -> None:
    blobs = [store.put(tmp_path / "store", file(tmp_path, name, b"same")) for name in ("a.exr", "b.exr")]
    assert blobs[0].sha256 == blobs[1].sha256
    assert len(list((tmp_path / "store" / "blobs").glob("*/*"))) == 1


def test_a_recorded_shot_comes_back_as_it_was(tmp_path: Path) -> None:
    written = entry("show", "c0", (store.put(tmp_path, file(tmp_path / "in", "a.exr", b"1")),))
    store.record(tmp_path, written)
    assert list(store.entries(tmp_path)) == [written]


def test_a_shot_s_drawings_are_read_from_the_store_with_their_timing(tmp_path: Path) -> None:
    files = [file(tmp_path / "in", f"a.{i}.exr", bytes([i])) for i in range(4)]
    blobs = tuple(store.put(tmp_path, f) for f in files)
    held = entry("show", "c0", blobs, drawings=(0, 2, 3), exposures=(2, 1, 1))

    def read(path: Path) -> Picture:
        return np.full((4, 4, 4), path.read_bytes()[0], np.float32)

    drawn = [(int(picture[0, 0, 0]), ticks) for picture, ticks in store.clip(tmp_path, held, read).frames()]
    assert drawn == [(0, 2), (2, 1), (3, 1)]


def test_damage_is_found(tmp_path: Path) -> None:
    blobs = tuple(store.put(tmp_path, file(tmp_path / "in", f"{i}.exr", bytes([i]))) for i in range(3))
    store.record(tmp_path, entry("show", "c0", blobs))
    assert list(store.damaged(tmp_path)) == []
    store.blob_path(tmp_path, blobs[0]).write_bytes(b"altered")
    store.blob_path(tmp_path, blobs[1]).unlink()
    assert list(store.damaged(tmp_path)) == [blobs[0], blobs[1]]


def test_forgetting_a_show_removes_its_frames_but_not_those_it_shares(tmp_path: Path) -> None:
    own, shared = (store.put(tmp_path, file(tmp_path / "in", n, n.encode())) for n in ("own.exr", "shared.exr"))
    store.record(tmp_path, entry("gone", "c0", (own, shared)))
    store.record(tmp_path, entry("stays", "c1", (shared,)))
    gone, removed = store.forget(tmp_path, "gone")
    assert [e.shot.content for e in gone] == ["c0"]
    assert removed == [own.sha256]
    assert [e.show for e in store.entries(tmp_path)] == ["stays"]
    assert store.blob_path(tmp_path, shared).exists()


def test_a_removal_that_was_interrupted_is_ended_by_doing_it_again(tmp_path: Path) -> None:
    own = store.put(tmp_path, file(tmp_path / "in", "own.exr", b"own"))
    store.record(tmp_path, entry("gone", "c0", (own,))).unlink()  # killed after the shot, before its frames
    assert store.forget(tmp_path, "gone") == ([], [own.sha256])
    assert not store.blob_path(tmp_path, own).exists()


def test_a_shot_file_that_is_none_is_named(tmp_path: Path) -> None:
    file(tmp_path / "shots" / "show", "c0.json", b"{}")
    with pytest.raises(InputError, match=r"c0\.json"):
        list(store.entries(tmp_path))


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from inbetween.core.errors import FrameWriteError
from inbetween.models.training import store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    store.put(Path(sys.argv[1]) / "store", Path(sys.argv[1]) / "large.exr")
except FrameWriteError as error:
    sys.exit(str(error))
"""


def test_a_full_disk_is_one_line_and_leaves_nothing_behind(tmp_path: Path) -> None:
    pytest.importorskip("resource", reason="a limit on file size stands for a full disk")
    file(tmp_path, "large.exr", b"x" * 5000)
    ended = subprocess.run([sys.executable, "-c", FULL_DISK, str(tmp_path)], capture_output=True, text=True)
    assert "large.exr could not be copied" in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert [p for p in (tmp_path / "store").rglob("*") if p.is_file()] == []


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(FrameReadError, match=r"gone\.exr"):
        store.put(tmp_path, tmp_path / "gone.exr")
