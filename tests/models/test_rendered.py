"""Motion that a renderer tells is followed from frame to frame up to the keys."""

from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from inbetween.core.channels import RGBA, Channels
from inbetween.core.network import DoubtingNetwork
from inbetween.models import flow
from inbetween.models.rendered import FrameMotion, RenderedNetwork, fit, followed, sources
from inbetween.models.warp import Plane

HEIGHT, WIDTH, RADIUS = 96, 144, 14
NOISE = np.random.default_rng(3).random((HEIGHT // 4, WIDTH // 2, 3), np.float32)


def dissolve(start: np.ndarray, end: np.ndarray, t: np.ndarray) -> np.ndarray:
    """What core's documentation calls the simplest network."""
    return np.asarray((1 - t) * start + t * end, np.float32)


def place(frame: int) -> tuple[float, float]:
    """Where the ball is: on an arc, at no even pace."""
    return 24 + 6 * frame + frame * frame / 2, 48 - 30 * np.sin(np.pi * frame / 8)


def pan(frame: int) -> float:
    return 2.5 * frame


def inside(frame: int, radius: float = RADIUS) -> np.ndarray:
    x, y = place(frame)
    down, across = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.asarray(np.hypot(across - x, down - y) < radius)


def shown(frame: int) -> Plane:
    """A striped ball before a mottled wall that goes to the right, (1, H, W, 4)."""
    down, across = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    wall = cv2.resize(NOISE, (2 * WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    wall = cv2.remap(wall, across - pan(frame) + WIDTH / 2, down, cv2.INTER_CUBIC)
    x, y = place(frame)
    ball = np.stack([0.5 + 0.4 * np.sin((across - x + i * (down - y)) / 3) for i in range(3)], -1)
    cover = np.clip(RADIUS + 0.5 - np.hypot(across - x, down - y), 0, 1)[..., None]
    picture = wall * (1 - cover) + ball * cover
    return np.concatenate((picture, np.ones_like(cover)), -1)[None].astype(np.float32)


def told(frame: int) -> FrameMotion:
    """What a renderer says of a frame, by the middles of its pixels."""
    there, back = (
        np.where(
            inside(frame)[..., None], np.subtract(place(other), place(frame)), (pan(other) - pan(frame), 0)
        ).astype(np.float32)
        for other in (frame + 1, frame - 1)
    )
    return FrameMotion(there, back)


MOTION = [told(frame) for frame in range(9)]


def at(t: float) -> np.ndarray:
    return np.full((1, 1, 1, 1), t, np.float32)


def drawn(frame: int, motion: Sequence[FrameMotion] = MOTION) -> np.ndarray:
    last = len(motion) - 1
    return RenderedNetwork(dissolve, RGBA, motion)(shown(0), shown(last), at(frame / last))


def apart(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.asarray(np.abs(one - other)[0].max(-1))


@pytest.mark.parametrize("frame", [1, 4, 7])
def test_what_flies_on_an_arc_is_where_the_renderer_says_in_its_own_pixels(frame: int) -> None:
    away = apart(drawn(frame), shown(frame))
    assert away[inside(frame, RADIUS - 2)].max() < 0.06
    beside = ~inside(frame, RADIUS + 2)
    beside[:, :30] = False  # comes in from the left: neither key shows it
    assert away[beside].max() < 0.06
    mixed = apart(dissolve(shown(0), shown(8), at(frame / 8)), shown(frame))
    assert mixed[inside(frame)].mean() > 0.2


def test_what_one_key_hides_comes_from_the_other_one() -> None:
    """Where the ball is in the first key, the wall that comes there is taken from the second."""
    found = sources(MOTION, 4)
    hidden = inside(0, RADIUS - 3)
    hidden = np.roll(hidden, round(pan(4)), axis=1) & ~inside(4, RADIUS + 3) & ~inside(8, RADIUS + 3)
    assert hidden.any()
    assert not found.seen[0][hidden].any()
    assert found.seen[1][hidden].all()
    assert apart(drawn(4), shown(4))[hidden].max() < 0.06


def test_what_passes_between_the_keys_does_not_hide_for_long() -> None:
    """A wall that a ball passes on its way is the same wall on the other side."""
    passes = followed(MOTION, 1, 8)
    behind = np.roll(inside(4, RADIUS - 4), round(pan(1) - pan(4)), axis=1) & ~inside(1, RADIUS + 2)
    behind &= ~np.roll(inside(8, RADIUS + 4), round(pan(1) - pan(8)), axis=1)
    assert behind.any()
    assert passes.seen[behind].all()
    np.testing.assert_allclose(passes.flow[behind], np.broadcast_to((pan(8) - pan(1), 0), passes.flow.shape)[behind])


def test_pixels_in_which_two_things_are_mixed_come_into_no_frame() -> None:
    """The edge of the ball in a key, half wall and half ball, leaves no ring on the wall."""

    def soft(frame: int) -> Plane:
        cover = cv2.GaussianBlur(inside(frame).astype(np.float32), (0, 0), 0.5)
        return np.repeat(cover.astype(np.float32)[None, ..., None], 4, 3)

    made = RenderedNetwork(dissolve, RGBA, MOTION)(soft(0), soft(8), at(0.5))[0, ..., 0]
    assert made[~inside(4, RADIUS + 2)].max() < 0.05
    assert made[inside(4, RADIUS - 2)].min() > 0.95


def test_where_vectors_say_nothing_the_network_is_asked() -> None:
    holes = [FrameMotion(each.forward.copy(), each.backward.copy()) for each in MOTION]
    for each in holes:
        each.forward[:20], each.backward[:20] = np.nan, np.nan
    np.testing.assert_allclose(
        drawn(4, holes)[:, :19], dissolve(shown(0), shown(8), at(0.5))[:, :19], rtol=0, atol=1e-6
    )
    assert np.isfinite(drawn(4, holes)).all()


def test_a_way_that_is_told_for_a_while_only_goes_on_as_it_went() -> None:
    """A frame that does not know where it came from, or goes to, spoils no frame."""
    gone = [FrameMotion(each.forward.copy(), each.backward.copy()) for each in MOTION]
    gone[3].backward[30:60], gone[5].forward[30:60] = np.nan, np.nan
    made = drawn(4, gone)
    assert np.isfinite(made).all()
    beside = ~inside(4, RADIUS + 2)
    beside[:, :30] = False
    assert apart(made, shown(4))[beside].max() < 0.06


def test_vectors_of_something_else_do_not_fit() -> None:
    start, end = shown(0)[0], shown(8)[0]
    assert fit(MOTION, start, end)
    assert not fit([FrameMotion(-each.forward, -each.backward) for each in MOTION], start, end)
    assert not fit([FrameMotion(each.backward, each.forward) for each in MOTION], start, end)
    unknown = [FrameMotion(*np.full((2, HEIGHT, WIDTH, 2), np.nan, np.float32)) for _ in MOTION]
    still = [FrameMotion(*np.zeros((2, HEIGHT, WIDTH, 2), np.float32)) for _ in MOTION]
    assert fit(unknown, start, end)
    assert fit(still, start, end)


def test_nothing_moves_where_vectors_are_nought_and_light_changes_with_time() -> None:
    still = [FrameMotion(*np.zeros((2, HEIGHT, WIDTH, 2), np.float32)) for _ in range(5)]
    start, end = shown(0), np.float32(0.5) * shown(0)
    made = RenderedNetwork(dissolve, RGBA, still)(start, end, at(0.25))
    np.testing.assert_allclose(made, 0.875 * start, rtol=0, atol=1e-6)


def test_ids_and_depth_go_where_the_vectors_say_and_are_never_mixed() -> None:
    channels = Channels(("R", "G", "B", "A", "id", "Z"), (0, 1, 2), 3, ids=(4,), data=((5,),))
    layers = {n: np.stack((np.where(inside(n), 7, 3), np.where(inside(n), 10 + n, 50)), -1)[None] for n in (0, 8)}
    start, end = (np.concatenate((shown(n), layers[n]), -1).astype(np.float32) for n in layers)
    network = flow.build("cpu", "auto").network(channels, "display")
    made = RenderedNetwork(network, channels, MOTION)(start, end, at(0.5))[0]
    assert set(np.unique(made[..., 4])) == {3.0, 7.0}
    assert (made[..., 4] == 7)[inside(4, RADIUS - 1)].all()
    assert not (made[..., 4] == 7)[~inside(4, RADIUS + 1)].any()
    np.testing.assert_allclose(made[..., 5][inside(4, RADIUS - 1)], 14, atol=0.01)


def test_a_light_that_wanders_over_things_at_rest_is_drawn_by_the_network() -> None:
    """Vectors do not tell shadows: flow between the moved keys does."""
    down, across = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)

    def lit(x: float) -> Plane:
        spot = np.exp(-((across - x) ** 2 + (down - 48) ** 2) / 200)
        frame = np.concatenate((np.repeat(spot[..., None], 3, -1), np.ones_like(spot)[..., None]), -1)[None]
        return frame.astype(np.float32)

    still = [FrameMotion(*np.zeros((2, HEIGHT, WIDTH, 2), np.float32)) for _ in range(3)]
    network = flow.build("cpu", "auto").network(RGBA, "display")
    made = RenderedNetwork(network, RGBA, still)(lit(60), lit(76), at(0.5))
    plain = RenderedNetwork(dissolve, RGBA, still)(lit(60), lit(76), at(0.5))
    assert np.abs(made - lit(68)).mean() < 0.3 * np.abs(plain - lit(68)).mean()


def test_every_frame_of_a_call_is_doubted_by_itself() -> None:
    network = RenderedNetwork(flow.build("cpu", "auto").network(RGBA, "display"), RGBA, MOTION)
    assert isinstance(network, DoubtingNetwork)
    frames = network(shown(0), shown(8), np.array((0.25, 0.5, 0.75), np.float32).reshape(-1, 1, 1, 1))
    assert frames.shape == (3, HEIGHT, WIDTH, 4)
    assert len(network.doubts) == 3
    assert all(doubt is not None and 0 <= doubt <= 1 for doubt in network.doubts)
