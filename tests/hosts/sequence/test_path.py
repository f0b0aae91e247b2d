"""Paths in a run: keys beyond a gap lead its in-betweens, and count for what is due, wherever they lie."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio
import pytest

from inbetween.core.errors import SettingsError
from inbetween.hosts.sequence import work
from inbetween.hosts.sequence.frames import Plate, read_plate
from inbetween.models import flow, registry

Make = Callable[..., Any]
WIDE = 240


def disc(x: float, y: float) -> np.ndarray:
    """A disc of 24 px, (96, WIDE, 4), premultiplied."""
    down, across = np.mgrid[0:96, 0:WIDE]
    alpha = np.clip(24.5 - np.hypot(across - x, down - y), 0, 1)
    return np.stack([alpha * value for value in (0.9, 0.6, 0.2, 1.0)], -1).astype(np.float32)


@pytest.fixture
def arc(tmp_path: Path, write: Make) -> Path:
    """Five keys of a ball thrown from left to right: x even, y a parabola."""
    for number, x in zip((1, 5, 9, 13, 17), (64, 92, 120, 148, 176), strict=True):
        write(tmp_path / "in" / f"ball.{number:04d}.exr", disc(x, 34 + (x - 120) ** 2 / 140))
    return tmp_path / "in"


def pixels(file: Path) -> np.ndarray:
    return np.asarray(oiio.ImageBuf(str(file)).get_pixels(oiio.FLOAT))


def height(file: Path) -> float:
    """Of the ball's middle, in rows from the top."""
    alpha = pixels(file)[..., 3]
    return float((alpha.sum(1) * np.arange(96)).sum() / alpha.sum())


def ball(number: int) -> str:
    return f"ball.{number:04d}.exr"


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.glob("*.exr"))}


@pytest.mark.parametrize("path", ["auto", "smooth", "arc"])
def test_a_thrown_ball_flies_on_its_arc(arc: Path, fill: Make, tmp_path: Path, path: str) -> None:
    fill(arc, tmp_path / "out", flow.build(), path=path)
    fill(arc, tmp_path / "straight", flow.build(), path="straight")
    for number in (7, 11):
        truth = 34 + 14**2 / 140
        off = abs(height(tmp_path / "out" / ball(number)) - truth)
        assert off < 0.5 * abs(height(tmp_path / "straight" / ball(number)) - truth)


def test_every_share_of_a_run_draws_what_the_whole_run_draws(arc: Path, fill: Make, tmp_path: Path) -> None:
    fill(arc, tmp_path / "whole", flow.build())
    for frames in ("10-12", "1-3", "14-17", "4-9", "13"):
        fill(arc, tmp_path / "shared", flow.build(), frames=frames)
    assert contents(tmp_path / "shared") == contents(tmp_path / "whole")


@pytest.mark.parametrize(
    ("path", "due"), [("auto", [2, 3, 4, 6, 7, 8, 10, 11, 12, 14, 15, 16]), ("straight", [6, 7, 8, 10, 11, 12])]
)
def test_a_changed_key_redoes_the_gaps_that_it_leads(
    arc: Path, fill: Make, write: Make, tmp_path: Path, path: str, due: list[int]
) -> None:
    fill(arc, tmp_path / "out", flow.build(), path=path)
    write(arc / ball(9), disc(124, 40))
    _, events = fill(arc, tmp_path / "out", flow.build(), path=path)
    assert sorted(event["frame"] for event in events if event.get("action") == "drawn") == due
    fill(arc, tmp_path / "fresh", flow.build(), path=path)
    assert contents(tmp_path / "out") == contents(tmp_path / "fresh")


def test_a_model_that_sees_two_keys_redoes_only_what_lies_between(
    arc: Path, fill: Make, write: Make, tmp_path: Path
) -> None:
    fill(arc, tmp_path / "out")
    write(arc / ball(9), disc(124, 40))
    _, events = fill(arc, tmp_path / "out")
    assert sorted(event["frame"] for event in events if event.get("action") == "drawn") == [6, 7, 8, 10, 11, 12]


def test_provenance_names_the_keys_beyond(arc: Path, fill: Make, tmp_path: Path) -> None:
    fill(arc, tmp_path / "out", flow.build())
    spec = oiio.ImageBuf(str(tmp_path / "out" / ball(7))).spec()
    assert spec.get_string_attribute("inbetween:keys") == f"{ball(5)} {ball(9)}"
    assert spec.get_string_attribute("inbetween:keys_beyond") == f"{ball(1)} {ball(13)}"
    assert spec.get_string_attribute("inbetween:path") == "smooth"


def test_a_key_across_a_cut_leads_nothing(arc: Path, fill: Make, write: Make, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).random((96, WIDE, 4), np.float32)
    noise[..., 3] = 1
    fill(arc, tmp_path / "alone", flow.build(), frames="1-9", path="straight")
    (arc / ball(1)).unlink()
    (arc / ball(17)).unlink()
    write(arc / ball(13), noise)
    fill(arc, tmp_path / "cut", flow.build(), cut_threshold=0.3)
    assert np.array_equal(pixels(tmp_path / "cut" / ball(7)), pixels(tmp_path / "alone" / ball(7)))


def test_a_key_beyond_that_does_not_decode_is_named_and_the_gap_drawn_without_it(
    arc: Path, fill: Make, tmp_path: Path
) -> None:
    broken = arc / ball(13)
    broken.write_bytes(broken.read_bytes()[:-2000])
    summary, events = fill(arc, tmp_path / "out", flow.build())
    warnings = [event["message"] for event in events if event["event"] == "warning"]
    assert any("ball.0013.exr" in each and "between ball.0005.exr and ball.0009.exr" in each for each in warnings)
    assert (tmp_path / "out" / ball(7)).exists()
    assert {failure.frame for failure in summary.failed} == {10, 11, 12, 13, 14, 15, 16}


def test_a_key_beyond_that_is_replaced_during_a_run_costs_the_gaps_that_it_leads(
    arc: Path, fill: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(file: Path) -> Plate:
        if file == arc / ball(13):
            _shift(file, 9)
        return read_plate(file)

    monkeypatch.setattr(work, "read_plate", late)
    summary, _ = fill(arc, tmp_path / "out", flow.build())
    assert sorted(failure.frame for failure in summary.failed) == [6, 7, 8, 10, 11, 12, 13, 14, 15, 16]
    monkeypatch.undo()
    assert fill(arc, tmp_path / "out", flow.build())[0].failed == ()
    fill(arc, tmp_path / "fresh", flow.build())
    assert contents(tmp_path / "out") == contents(tmp_path / "fresh")


def test_keys_of_several_data_windows_lead_each_other(fill: Make, write: Make, tmp_path: Path) -> None:
    for number, x in zip((1, 5, 9, 13), (64, 92, 120, 148), strict=True):
        whole, left = disc(x, 36 + (x - 106) ** 2 / 120), x - 36
        file = write(tmp_path / "part" / ball(number), whole[:, left : x + 36])
        _shift(file, left)
        write(tmp_path / "whole" / ball(number), whole)
    for folder in ("part", "whole"):
        fill(tmp_path / folder, tmp_path / f"{folder} out", flow.build())
    part = pixels(tmp_path / "part out" / ball(7))
    begin = oiio.ImageBuf(str(tmp_path / "part out" / ball(7))).spec().x
    whole = pixels(tmp_path / "whole out" / ball(7))[:, begin : begin + part.shape[1]]
    assert np.abs(part - whole).mean() < 0.01


def _shift(file: Path, left: int) -> None:
    """Say that a file's pixels lie so far to the right in a picture of WIDE columns."""
    image = oiio.ImageBuf(str(file))
    image.read(force=True)
    image.set_origin(left, 0)
    image.set_full(0, WIDE, 0, 96, 0, 1)
    assert image.write(str(file)), image.geterror()


@pytest.mark.parametrize("settings", [{"path": "smooth"}, {"path": "arc"}])
def test_a_curve_is_refused_where_the_model_sees_two_keys_only(
    arc: Path, fill: Make, tmp_path: Path, settings: dict[str, str]
) -> None:
    with pytest.raises(SettingsError, match="dissolve sees two keys only; choose straight"):
        fill(arc, tmp_path / "out", **settings)
    with pytest.raises(SettingsError, match="in triads it sees two keys only"):
        fill(arc, tmp_path / "out", flow.build(), scheme="triads", **settings)
    assert not (tmp_path / "out").exists()


def test_auto_keeps_the_pace_of_a_chart_and_only_bends_the_way() -> None:
    from inbetween.core.settings import Settings

    motion = registry.load("motion", "cpu")
    assert motion.path_for(Settings()) == "smooth"
    assert motion.path_for(Settings(timing="ease-in")) == "arc"
    assert motion.path_for(Settings(timing="0.1,0.5,0.9")) == "arc"
    assert motion.path_for(Settings(scheme="triads")) == "straight"
    assert registry.load("motion-native", "cpu").path_for(Settings()) == "straight"
