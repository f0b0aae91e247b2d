import gzip
import hashlib
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from inbetween.core.errors import InputError
from inbetween.models.training import moving_mnist

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
