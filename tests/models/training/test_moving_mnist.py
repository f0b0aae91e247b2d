import gzip
import hashlib
import io
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from inbetween.core.errors import InputError
from inbetween.models.training import bouncing_balls, moving_mnist

SHARED = Path(__file__).resolve().parents[4] / "shared/data/mnist"
FREE = moving_mnist.SIDE - moving_mnist.DIGIT


def idx(images: NDArray[np.uint8]) -> bytes:
    return struct.pack(">4i", 2051, *images.shape) + images.tobytes()


def random_digits(count: int = 5) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (count, 28, 28), np.uint8)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a small stand-in for the training digits."""
    raw, name = idx(random_digits()), moving_mnist.FILES["train"][0]
    (tmp_path / name).write_bytes(gzip.compress(raw))
    monkeypatch.setitem(moving_mnist.FILES, "train", (name, hashlib.md5(raw).hexdigest()))
    return tmp_path


class TestDigits:
    def test_images_are_unpacked(self, folder: Path) -> None:
        assert np.array_equal(moving_mnist.digits(folder, "train"), random_digits())

    def test_a_missing_file_is_one_clear_line(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"train-images-idx3-ubyte\.gz is missing"):
            moving_mnist.digits(tmp_path, "train")

    def test_a_truncated_file_is_one_clear_line(self, folder: Path) -> None:
        file = folder / moving_mnist.FILES["train"][0]
        file.write_bytes(file.read_bytes()[:-100])
        with pytest.raises(InputError, match="cannot be unpacked"):
            moving_mnist.digits(folder, "train")

    def test_other_images_are_not_taken_for_mnist(self, folder: Path) -> None:
        (folder / moving_mnist.FILES["train"][0]).write_bytes(gzip.compress(idx(random_digits(4))))
        with pytest.raises(InputError, match="does not hold MNIST's published images"):
            moving_mnist.digits(folder, "train")

    def test_labels_are_not_images(self) -> None:
        with pytest.raises(InputError, match="magic number 2049"):
            moving_mnist.read_idx(struct.pack(">4i", 2049, 3, 0, 0) + bytes(3))

    def test_the_real_files_are_the_published_ones(self) -> None:
        if not SHARED.is_dir():
            pytest.skip("MNIST is not here")
        assert moving_mnist.digits(SHARED, "train").shape == (60000, 28, 28)
        assert moving_mnist.digits(SHARED, "test").shape == (10000, 28, 28)


class TestRule:
    @given(st.integers(0, 2**31))
    @settings(max_examples=30, deadline=None)
    def test_digits_stay_on_the_canvas_and_move_a_tenth_of_the_way_at_most(self, seed: int) -> None:
        places = moving_mnist.corners(np.random.default_rng(seed), 3)
        assert places.shape == (3, 20, 2, 2)
        assert places.min() >= 0
        assert places.max() <= FREE
        assert np.abs(np.diff(places, axis=1)).max() <= np.ceil(moving_mnist.SPEED * FREE)

    def test_between_walls_digits_go_straight_on_and_at_a_wall_they_turn_back(self) -> None:
        places = moving_mnist.corners(np.random.default_rng(1), 200) / FREE
        steps = np.diff(places, axis=1)
        inner = (places[:, 1:-1] > 0.15) & (places[:, 1:-1] < 0.85)
        turned = np.abs(steps[:, 1:] - steps[:, :-1]) > 2.1 / FREE
        assert not turned[inner].any()
        assert turned[~inner].any()

    def test_the_brighter_pixel_wins_and_digits_pass_through_one_another(self) -> None:
        digits = random_digits(2)[None]
        places = np.zeros((1, 1, 2, 2), int)
        drawn = moving_mnist.draw(digits, places)
        assert np.array_equal(drawn[0, 0, :28, :28], digits[0].max(0))
        assert not drawn[0, 0, 28:].any()

    def test_a_corner_is_x_then_y(self) -> None:
        digits, places = random_digits(1)[None], np.asarray([[[[3, 30]]]])
        assert np.array_equal(moving_mnist.draw(digits, places)[0, 0, 30:58, 3:31], digits[0, 0])

    def test_the_same_seed_gives_the_same_sequences(self) -> None:
        twice = [moving_mnist.sequences(random_digits(), np.random.default_rng(5), 2) for _ in range(2)]
        assert np.array_equal(twice[0], twice[1])
        assert twice[0].shape == (2, 20, 64, 64)
        assert twice[0].dtype == np.uint8

    def test_shrinking_takes_the_mean_of_two_by_two(self) -> None:
        frames = moving_mnist.sequences(random_digits(), np.random.default_rng(5), 1)
        small = moving_mnist.shrunk(frames)
        assert small.shape == (1, 20, 32, 32, 1)
        assert np.isclose(small[0, 3, 4, 5, 0], frames[0, 3, 8:10, 10:12].mean() / 255)
        assert 0 <= small.min() <= small.max() <= 1


class TestPublishedFile:
    def test_only_the_published_size_is_taken(self, tmp_path: Path) -> None:
        np.save(tmp_path / "a.npy", np.zeros((20, 3, 64, 64), np.uint8))
        with pytest.raises(InputError, match=r"holds uint8 \(20, 3, 64, 64\); mnist_test_seq.npy is uint8"):
            moving_mnist.published(tmp_path / "a.npy")

    def test_sequences_come_first(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        stored = np.random.default_rng(0).integers(0, 256, (20, 3, 8, 8), np.uint8)
        np.save(tmp_path / "a.npy", stored)
        monkeypatch.setattr(moving_mnist, "PUBLISHED_SHAPE", stored.shape)
        assert np.array_equal(moving_mnist.published(tmp_path / "a.npy")[2, 5], stored[5, 2])

    def test_damaged_and_pickled_files_are_one_clear_line(self, tmp_path: Path) -> None:
        buffer = io.BytesIO()
        np.save(buffer, np.asarray([{}]), allow_pickle=True)
        for content in (b"", b"nonsense", buffer.getvalue()):
            (tmp_path / "a.npy").write_bytes(content)
            with pytest.raises(InputError, match="cannot be read as a NumPy file"):
                moving_mnist.published(tmp_path / "a.npy")


class TestBouncingBalls:
    @given(st.integers(0, 2**31), st.integers(2, 3))
    @settings(max_examples=20, deadline=None)
    def test_balls_keep_their_energy_and_stay_in_the_box(self, seed: int, balls: int) -> None:
        centres = bouncing_balls.paths(np.random.default_rng(seed), 40, balls)
        slack = bouncing_balls.SPEED
        assert centres.min() >= bouncing_balls.RADIUS - slack
        assert centres.max() <= bouncing_balls.BOX - bouncing_balls.RADIUS + slack
        assert np.linalg.norm(np.diff(centres, axis=0), axis=(1, 2)).max() <= bouncing_balls.SPEED + 1e-9

    def test_balls_begin_apart_and_never_rest_in_one_another(self) -> None:
        centres = bouncing_balls.paths(np.random.default_rng(3), 300)
        distance = np.linalg.norm(centres[:, 0] - centres[:, 1], axis=-1)
        assert distance[0] >= 2 * bouncing_balls.RADIUS
        assert distance.min() > 2 * bouncing_balls.RADIUS - bouncing_balls.SPEED

    def test_a_collision_exchanges_the_speed_along_the_line_of_centres(self) -> None:
        place = np.asarray([[4.0, 5.0], [6.0, 5.0]])
        velocity = np.asarray([[0.3, 0.1], [-0.2, 0.0]])
        after = bouncing_balls._after_collisions(place, velocity)
        assert np.allclose(after, [[-0.2, 0.1], [0.3, 0.0]])

    def test_frames_are_soft_discs_from_0_to_1(self) -> None:
        frames = bouncing_balls.sequences(np.random.default_rng(2), 2, frames=4, side=32, balls=3)
        assert frames.shape == (2, 4, 32, 32, 1)
        assert frames.dtype == np.float32
        assert frames.min() >= 0
        assert 0.9 < frames.max() <= 1
        area = frames.sum((2, 3, 4)) * (bouncing_balls.BOX / 32) ** 2
        assert np.all(area > 2.2 * np.pi * bouncing_balls.RADIUS**2 * 0.8)
