"""`inbetween moving-mnist`: how well models in-between handwritten digits that they have never seen."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from inbetween.console import DONE, Parser, answer, log_at, say
from inbetween.core.errors import FrameWriteError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CLIPS_SHOWN = 4


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = Parser(
        "inbetween moving-mnist",
        description="Measures models on Moving MNIST made of the 10,000 test digits: mean squared error over whole "
        "triads, and over the 8 frames that are drawn between the first and the last of 10.",
    )
    parser.add_argument("mnist", metavar="MNIST", type=Path, help="folder with t10k-images-idx3-ubyte.gz")
    parser.add_argument("--models", default="akanet,dissolve,flow", help="names or weights files [%(default)s]")
    parser.add_argument("--sequences", type=int, default=200, help="how many of 20 frames, cut in two [%(default)s]")
    parser.add_argument(
        "--sheet", metavar="FILE.png", type=Path, help="write pictures of truth and models side by side"
    )
    options = parser.parse_args(argv)
    log_at(0)
    return answer(lambda: _measure(options))


def _measure(options: argparse.Namespace) -> int:
    import numpy as np

    from inbetween.core.channels import GREY
    from inbetween.models import registry
    from inbetween.models.training import moving_mnist
    from inbetween.models.training.akanet_task import TEST_SEED, clips_of, examination
    from inbetween.models.training.moving_mnist_figures import filled, inbetween_mse, triad_mse

    models = [registry.load(name.strip(), "cpu") for name in options.models.split(",")]
    clips = clips_of(moving_mnist.digits(options.mnist, "test"), options.sequences, TEST_SEED)
    _, triads = examination(clips)
    rows = {"truth": clips}
    say(f"{'MODEL':20}{'TRIADS':>10}{'IN-BETWEENS':>14}")
    for model in models:
        network = model.network(GREY, "display")
        drawn = np.stack([filled(network, clip, model.knows_time) for clip in clips])
        rows[model.name] = drawn
        say(f"{model.name:20}{triad_mse(network, triads):10.5f}{inbetween_mse(drawn, clips):14.5f}")
    if options.sheet:
        _write(options.sheet, {name: frames[:CLIPS_SHOWN] for name, frames in rows.items()})
    return DONE


def _write(path: Path, rows: "dict[str, NDArray[np.float32]]") -> None:
    import cv2

    from inbetween.models.training.moving_mnist_figures import sheet

    try:
        written = cv2.imwrite(str(path), sheet(rows))
    except cv2.error as error:
        raise FrameWriteError(f"{path} cannot be written as a picture; give it the ending .png") from error
    if not written:
        raise FrameWriteError(f"{path} could not be written; name a .png in a folder that exists")
