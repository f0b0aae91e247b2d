"""Renders go into the store with leave, curated and split, and can be taken out again."""

import json
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from inbetween import intake
from inbetween.core.errors import FrameReadError, InputError, PremisesError
from inbetween.models.training import store
from inbetween.models.training.rules import Rules
from inbetween.premises import audit, manifest


def permit(folder: Path, show: str = "short", **changes: Any) -> None:
    today = date.today()
    leave = {
        "show": show,
        "owner": "The Studio",
        "approver": "A. Producer",
        "scope": ["fine-tune"],
        "start": (today - timedelta(1)).isoformat(),
        "finish": (today + timedelta(1)).isoformat(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "permission.json").write_text(json.dumps({**leave, **changes}))


def drawing(seed: int, step: int) -> np.ndarray[Any, Any]:
    """A block that walks over a picture; every seed another block, colour and row."""
    random = np.random.default_rng(seed)
    pixels = np.zeros((48, 64, 4), np.uint8)
    row, height, width = random.integers(0, 30), random.integers(8, 18), random.integers(8, 30)
    pixels[row : row + height, 4 * step : 4 * step + width] = (*random.integers(60, 255, 3), 255)
    return pixels


def sequence(folder: Path, seed: int, steps: list[int]) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / f"shot{seed}.{number:04d}.png" for number in range(1, len(steps) + 1)]
    for file, step in zip(files, steps, strict=True):
        Image.fromarray(drawing(seed, step)).save(file)
    return files


@pytest.fixture
def renders(tmp_path: Path) -> Path:
    """Six shots in three kinds of files."""
    folder = tmp_path / "renders"
    permit(folder)
    for seed in range(4):
        sequence(folder / f"sh{seed:03d}", seed, [0, 1, 2, 3, 4])
    for seed in (4, 5):
        images = [Image.fromarray(drawing(seed, step)) for step in range(5)]
        images[0].save(
            folder / f"take{seed}.gif", save_all=True, append_images=images[1:], duration=80, loop=0, disposal=2
        )
    return folder


def take(renders: Path, target: Path, **options: Any) -> tuple[intake.Intake, list[str]]:
    said: list[str] = []
    return intake.take_in(renders, target, "fine-tune", Rules(), say=said.append, **options), said


def test_a_folder_of_renders_becomes_shots_with_every_side_taken(renders: Path, tmp_path: Path) -> None:
    taken, said = take(renders, tmp_path / "store")
    assert said == []
    assert taken.added == len(taken.entries) == 6
    assert set(Counter(entry.place.side for entry in taken.entries)) == {"train", "validation", "test"}
    assert list(store.damaged(tmp_path / "store")) == []


def test_doing_it_again_adds_nothing_and_moves_nothing(renders: Path, tmp_path: Path) -> None:
    first, _ = take(renders, tmp_path / "store")
    again, _ = take(renders, tmp_path / "store")
    assert again.added == 0
    assert sorted(e.shot.content for e in again.entries) == sorted(e.shot.content for e in first.entries)
    assert set(again.entries) == set(first.entries)


def test_held_frames_are_not_stored_and_their_timing_is(tmp_path: Path) -> None:
    permit(tmp_path / "renders")
    sequence(tmp_path / "renders", 1, [0, 0, 1, 1, 1, 2])
    (entry,) = take(tmp_path / "renders", tmp_path / "store")[0].entries
    assert len(entry.blobs) == 3
    assert entry.shot.exposures == (2, 3, 1)


def test_a_missing_frame_keeps_the_timing_of_the_others(tmp_path: Path) -> None:
    permit(tmp_path / "renders")
    sequence(tmp_path / "renders", 1, [0, 1, 2, 3])[1].unlink()
    (entry,) = take(tmp_path / "renders", tmp_path / "store")[0].entries
    assert entry.shot.exposures == (2, 1, 1)


def spoil(renders: Path, how: str) -> str:
    """Damage one clip and return what must be named."""
    if how == "corrupt frame":
        file = renders / "sh001" / "shot1.0003.png"
        file.write_bytes(file.read_bytes()[:60])
    elif how == "one frame":
        file = sequence(renders / "still", 9, [0])[0]
    elif how == "mixed sizes":
        file = renders / "sh001" / "shot1.0002.png"
        Image.fromarray(drawing(1, 1)[:40]).save(file)
    elif how == "not a number":
        import OpenImageIO as oiio

        for number in (1, 2, 3):
            file = renders / f"nan.{number}.exr"
            out = oiio.ImageOutput.create(str(file))
            out.open(str(file), oiio.ImageSpec(8, 8, 4, "float"))
            out.write_image(np.full((8, 8, 4), np.nan, np.float32))
            out.close()
        file = renders / "nan.1.exr"
    else:
        file = renders / how
        file.write_bytes(b"{ this is not an animation")
    return file.name


SPOILT = ["corrupt frame", "one frame", "mixed sizes", "not a number", "text.gif", "text.json", "text.mp4"]


@pytest.mark.parametrize("how", SPOILT)
def test_a_bad_clip_is_one_line_and_the_others_go_on(renders: Path, tmp_path: Path, how: str) -> None:
    name = spoil(renders, how)
    taken, said = take(renders, tmp_path / "store")
    assert len(said) == 1
    assert name in said[0]
    assert "\n" not in said[0]
    assert len(taken.entries) == (5 if "shot1" in name else 6)


def test_told_to_be_strict_a_bad_clip_stops_everything_before_anything_is_stored(renders: Path, tmp_path: Path) -> None:
    spoil(renders, "corrupt frame")
    with pytest.raises(FrameReadError, match=r"shot1\.0003\.png"):
        take(renders, tmp_path / "store", strict=True)
    assert not (tmp_path / "store").exists()


def test_other_documents_and_hidden_files_are_passed_over(renders: Path, tmp_path: Path) -> None:
    (renders / "notes.txt").write_text("second take is better")
    (renders / "manifest.json").write_text('{"shots": []}')
    (renders / ".hidden.gif").write_bytes(b"half a copy")
    assert take(renders, tmp_path / "store")[1] == []


@pytest.mark.parametrize(
    ("changes", "words"), [({"scope": ["train"]}, "not fine-tune"), ({"finish": "2020-01-01"}, "ended on 2020")]
)
def test_without_leave_nothing_is_stored(renders: Path, tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    permit(renders, **changes)
    with pytest.raises(PremisesError, match=words):
        take(renders, tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_leave_that_ended_since_stops_learning_from_the_store(renders: Path, tmp_path: Path) -> None:
    taken, _ = take(renders, tmp_path / "store")
    entries, (leave,) = intake.stored(tmp_path / "store", "", "fine-tune")
    assert set(entries) == set(taken.entries)
    assert leave.show == "short"
    with pytest.raises(PremisesError, match="not train"):
        intake.stored(tmp_path / "store", "short", "train")
    with pytest.raises(InputError, match="no shot of show 'long'"):
        intake.stored(tmp_path / "store", "long", "fine-tune")


def test_renewed_leave_takes_the_place_of_the_old(renders: Path, tmp_path: Path) -> None:
    before, _ = take(renders, tmp_path / "store")
    permit(renders, approver="B. Producer")
    after, _ = take(renders, tmp_path / "store")
    assert {e.permission for e in before.entries} != {e.permission for e in after.entries}
    assert after.added == 0
    _, (leave,) = intake.stored(tmp_path / "store", "", "fine-tune")
    assert leave.approver == "B. Producer"


def test_forgetting_a_show_names_the_weights_that_learned_from_it(renders: Path, tmp_path: Path) -> None:
    target = tmp_path / "store"
    taken, _ = take(renders, target)
    weights = {"file": str(tmp_path / "studio.safetensors")}
    dataset = manifest.dataset(taken.entries)
    manifest.record(target, "a" * 64, {"Dataset": dataset, "Weights": weights, "Run": {"audit": ""}})
    heir = {"file": str(tmp_path / "heir.safetensors"), "ancestor": "a" * 64}
    nothing = manifest.dataset([])
    manifest.record(target, "b" * 64, {"Dataset": nothing, "Weights": heir, "Run": {"audit": ""}})
    manifest.record(target, "c" * 64, {"Dataset": nothing, "Weights": {"file": "other"}, "Run": {"audit": ""}})
    gone, learned = intake.forget(target, "short")
    assert len(gone) == 6
    assert [(Path(one.file).name, one.shots) for one in learned] == [("studio.safetensors", 6), ("heir.safetensors", 0)]
    assert list(store.entries(target)) == []
    assert list((target / "blobs").glob("*/*")) == []
    assert [event["event"] for event in audit.events(target)] == ["add", "forget"]


def test_a_show_that_is_not_there_is_no_success(renders: Path, tmp_path: Path) -> None:
    take(renders, tmp_path / "store")
    with pytest.raises(InputError, match="no show 'shrot'; its shows are short"):
        intake.forget(tmp_path / "store", "shrot")


def test_a_show_that_others_share_frames_with_is_forgotten_alone(renders: Path, tmp_path: Path) -> None:
    target, other = tmp_path / "store", tmp_path / "other"
    permit(other, "feature")
    sequence(other, 0, [0, 1, 2, 3, 4])
    take(renders, target)
    take(other, target)
    intake.forget(target, "short")
    assert [entry.show for entry in store.entries(target)] == ["feature"]
    assert list(store.damaged(target)) == []
