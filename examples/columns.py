"""Takes the keys of the columns, and their motion vectors, out of a render: 480 x 270, Cycles. Our own scene, CC0.

    INBETWEEN_PYTHON=.venv/bin/python .venv-blender/bin/python docs/renders.py RENDERS a_camera_passes_columns
    .venv/bin/python examples/columns.py RENDERS

Keys are frames 1, 9 and 17. The vectors, of every frame, are made smaller: half floats in steps of 1/32 of a pixel, in
the layers that compositing software knows.
"""

import shutil
import sys
from pathlib import Path

import numpy as np
import OpenImageIO as oiio

from inbetween.hosts.sequence import names, rendered
from inbetween.hosts.sequence.frames import Header, read_header, write_frame

HOME = Path(__file__).resolve().parent / "columns"
KEYS = (1, 9, 17)
LAYERS = ("forward.u", "forward.v", "backward.u", "backward.v")
FINE = 32
"""Parts of a pixel."""


def main(renders: str) -> None:
    """Fill the folders `keys` and `motion`."""
    shot = Path(renders) / "a_camera_passes_columns"
    for number in KEYS:
        (HOME / "keys").mkdir(parents=True, exist_ok=True)
        shutil.copyfile(shot / f"beauty/beauty.{number:04d}.png", HOME / f"keys/columns.{number:04d}.png")
    vectors = rendered.find(str(shot / "vectors"))
    for number in vectors.numbers:
        write(vectors, number, HOME / f"motion/columns.{number:04d}.exr")


def write(vectors: names.FrameSequence, number: int, path: Path) -> None:
    """One frame of vectors, u to the right and v up."""
    header = read_header(vectors.file(number))
    moved = rendered.read_vectors(header, header.display)
    up = np.array((1, -1), np.float32)
    both = np.concatenate([up * way for way in moved if way is not None], axis=2)
    spec = oiio.ImageSpec(header.display.width, header.display.height, len(LAYERS), "half")
    spec.channelnames, spec["compression"] = LAYERS, "zip"
    path.parent.mkdir(exist_ok=True)
    write_frame(path, Header(path, (spec,), False), np.round(both * FINE) / FINE)


if __name__ == "__main__":
    main(*sys.argv[1:])
