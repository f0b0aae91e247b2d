"""What an artist marks on both keys holds: which of equal things is which, and how things go that mislead."""

from collections.abc import Sequence

import numpy as np
import pytest

from inbetween import bench_marks
from inbetween.bench_marks import SCENES
from inbetween.core.channels import RGBA
from inbetween.core.errors import SettingsError
from inbetween.core.network import Beyond, Mark, PathNetwork
from inbetween.models import metrics, registry
from inbetween.models.training.readers import Picture
from inbetween.stage import BLUE, HEIGHT, PAPER, RED, WIDTH, Stage, over

STAGE = Stage(1)


def network_of(model: str) -> PathNetwork:
    network = registry.load(model, "cpu").network(RGBA, "display")
    assert isinstance(network, PathNetwork)
    return network


def drawn(start: Picture, end: Picture, marks: Sequence[Mark], t: float = 0.5, model: str = "motion") -> Picture:
    led = network_of(model).through(None, None, False, marks)
    return np.asarray(led(start[None], end[None], np.full((1, 1, 1, 1), t, np.float32))[0])


def psnr(scene: str, marks: Sequence[Mark]) -> float:
    draw = SCENES[scene].draw
    start, middle, end = (draw(STAGE, t) for t in (0.0, 0.5, 1.0))
    return metrics.compare(drawn(start, end, marks), middle, start, end).psnr


@pytest.mark.parametrize(
    ("scene", "gain"),
    [
        ("equal discs change places", 30.0),
        ("legs pass each other", 5.0),
        ("a head turns by 40 degrees", 1.5),
        ("a tail curls", 4.0),
        ("something painted goes far", 4.0),
    ],
)
def test_marks_that_an_unsteady_hand_sets_bring_a_misled_drawing_nearer_to_the_truth(scene: str, gain: float) -> None:
    marks = SCENES[scene].marks(STAGE)
    assert psnr(scene, marks) > psnr(scene, ()) + gain


@pytest.mark.parametrize("along", [12, 30])
def test_a_rope_stays_tied_wherever_one_mark_is_on_it(along: int) -> None:
    start, middle, end = (_rope(t) for t in (0.0, 0.5, 1.0))
    (a, b), (c, d) = (_hanging(t)[along] for t in (0.0, 1.0))
    unmarked, marked = (drawn(start, end, marks) for marks in ((), [((a + 1.5, b - 1), (c - 0.5, d + 2))]))
    scores = [metrics.compare(frame, middle, start, end) for frame in (unmarked, marked)]
    assert scores[1].psnr > scores[0].psnr - 0.5
    assert scores[1].line_chamfer < scores[0].line_chamfer + 1e-5


@pytest.mark.parametrize("off", [(3.0, 0.0), (-2.0, 2.0), (0.0, -3.0)])
def test_a_hand_that_misses_by_pixels_disturbs_no_small_thing_that_goes_far(off: tuple[float, float]) -> None:
    start, middle, end = (
        over(STAGE.flat(PAPER), (STAGE.box(80 + 200 * t, 100 + 40 * t, 34, 12, 60 * t), BLUE)) for t in (0.0, 0.5, 1.0)
    )
    marks = [((80.5, 100.5), (280.5 + off[0], 140.5 + off[1]))]
    assert metrics.compare(drawn(start, end, marks), middle, start, end).psnr > 40


def test_marks_that_say_what_is_known_change_hardly_anything() -> None:
    start, middle, end = (_disc(100 + 40 * t, 130 + 10 * t) for t in (0.0, 0.5, 1.0))
    unmarked, marked = (drawn(start, end, marks) for marks in ((), [((100.5, 130.5), (140.5, 140.5))]))
    scores = [metrics.compare(frame, middle, start, end).psnr for frame in (unmarked, marked)]
    assert scores[1] > scores[0] - 0.5


@pytest.mark.parametrize(
    "marks",
    [
        [((241.5, 134.0), (239.0, 136.5))],
        [((101.5, 134.5), (379.5, 137.0))],
        [((241.5, 134.0), (239.0, 136.5)), ((101.5, 134.5), (379.5, 137.0))],
    ],
    ids=["a pin", "what passes it", "both"],
)
def test_marks_that_say_what_is_found_without_them_change_nothing(marks: Sequence[Mark]) -> None:
    """A thing passes over another one, which stays."""
    start, end = (
        over(STAGE.flat(PAPER), (STAGE.disc(240, 135, 30), RED), (STAGE.disc(x, 135, 30), BLUE)) for x in (100, 380)
    )
    assert np.array_equal(drawn(start, end, marks, 0.4), drawn(start, end, (), 0.4))


def test_a_mark_on_an_eye_that_shuts_takes_no_other_thing_for_it() -> None:
    face = STAGE.shape(bench_marks.oval(240, 135, 90, 100))
    eye = STAGE.shape(bench_marks.oval(200, 120, 18, 14))
    start = over(STAGE.flat(PAPER), (face, RED), (eye, (1.0, 1.0, 1.0)))
    end = over(STAGE.flat(PAPER), (face, RED))
    frame = drawn(start, end, [((200.5, 120.5), (200.5, 120.5))])
    outside = (face[..., 0] > 0.99) & (STAGE.shape(bench_marks.oval(200, 120, 26, 22))[..., 0] == 0)
    assert np.abs(frame[outside] - start[outside]).max() < 0.02


@pytest.mark.parametrize("place", [(-500.0, 20.0), (20.0, -9.0), (WIDTH + 3.0, HEIGHT + 900.0), (1e7, 1e7)])
def test_a_mark_beyond_the_frame_is_no_trouble(place: tuple[float, float]) -> None:
    start, end = _disc(100, 130), _disc(150, 130)
    for mark in ((place, (50.5, 60.5)), ((50.5, 60.5), place), (place, place)):
        frame = drawn(start, end, [mark])
        assert np.abs(frame - _disc(125, 130)).mean() < 0.01


def test_many_marks_in_one_place_are_as_one() -> None:
    scene = SCENES["equal discs change places"]
    start, end = scene.draw(STAGE, 0.0), scene.draw(STAGE, 1.0)
    marks = scene.marks(STAGE)
    assert np.array_equal(drawn(start, end, marks), drawn(start, end, [*marks, *marks]))


def test_marks_of_the_gap_beyond_bend_the_way_as_they_say() -> None:
    """Two equal discs swap, and swap back: seen from the second gap each comes from where it was marked."""
    draw = SCENES["equal discs change places"].draw
    keys = [draw(STAGE, t) for t in (0.0, 1.0, 0.0)]
    swap = [((a[0] + 0.5, a[1] + 0.5), (b[0] + 0.5, b[1] + 0.5)) for a, b in _swapped()]
    back = [(there, here) for here, there in swap]
    network = network_of("motion")
    asked = np.full((1, 1, 1, 1), 0.5, np.float32)
    frames = [
        network.through(Beyond(keys[0], 1.0, marks), None, False, back)(keys[1][None], keys[2][None], asked)
        for marks in (swap, ())
    ]
    # What turns round at the key leaves it slowly; what is taken to have stood still before leaves it at once.
    assert np.abs(frames[0] - frames[1]).max() > 0.5


@pytest.mark.parametrize("model", ["flow", "motion-native"])
def test_a_network_that_heeds_no_marks_refuses_them(model: str) -> None:
    with pytest.raises(SettingsError, match="does not heed marks"):
        drawn(_disc(100, 130), _disc(140, 130), [((100.5, 130.5), (140.5, 130.5))], model=model)


def _rope(t: float) -> Picture:
    """A weight on a rope swings by more than a right angle."""
    places = [tuple(place) for place in _hanging(t)]
    rope = [(STAGE.line(places, 5), bench_marks.INK), (STAGE.line(places, 3), (0.8, 0.65, 0.4))]
    x, y = places[-1]
    weight = [(STAGE.disc(x, y, 14), bench_marks.INK), (STAGE.disc(x, y, 11.5), RED)]
    return over(STAGE.flat(PAPER), (STAGE.box(240, 14, 160, 14), (0.5, 0.35, 0.2)), *rope, *weight)


def _hanging(t: float) -> bench_marks.Places:
    """Places along the rope, (60, 2)."""
    lean = np.radians(80 * t - 45) * np.linspace(0.6, 1.5, 60)
    return np.stack((240 + 3.2 * np.cumsum(np.sin(lean)), 20 + 3.2 * np.cumsum(np.cos(lean))), 1)


def _disc(x: float, y: float) -> Picture:
    return over(STAGE.flat(PAPER), (STAGE.disc(x, y, 30), BLUE))


def _swapped() -> list[tuple[tuple[float, float], tuple[float, float]]]:
    return [((130, 100), (350, 100)), ((350, 170), (130, 170))]
