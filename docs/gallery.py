"""Draws docs/gallery: real animations in-betweened by every model, beside the truth.

    python docs/gallery.py CLIPS

CLIPS is a folder of packed clips (`inbetween.models.training.clips`), of which only the validation split is used: no
model has learnt from it. Which frames are shown is decided by figures alone: those on which the motion model gains most
over the better of dissolve and flow, those on which it loses most, and some from the middle.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from inbetween import comparison
from inbetween.core.channels import RGBA
from inbetween.core.network import Network
from inbetween.models import metrics, registry
from inbetween.models.training.clips import keys_apart, packed

Array = np.ndarray[Any, Any]

SOURCES = {
    "noto__": "Animated Noto Emoji, (c) Google, CC BY 4.0",
    "gophers": "Go gopher by Renee French, CC0",
    "superpowers": "Superpowers asset packs, CC0",
    "freedoom": "Freedoom, BSD-3-Clause",
}
"""Only what may be shown, with its attribution, by how its name begins."""
JUDGED = ("dissolve", "flow", "motion")
"""What draws every triad; akanet, which takes many times as long, draws the chosen ones alone."""
COLUMNS = ("first key", "truth", "dissolve", "flow", "akanet", "motion", "second key")
GAPS = (4, 8)
HALF = np.full((1, 1, 1, 1), 0.5, np.float32)


@dataclass(frozen=True)
class Row:
    """One triad as models draw it, and how much the motion model gains, in dB of moving pixels."""

    name: str
    gap: int
    pictures: dict[str, Array]
    """By what they are in `COLUMNS`."""
    figures: dict[str, float]
    """By the model."""

    @property
    def gain(self) -> float:
        return self.figures["motion"] - max(self.figures["dissolve"], self.figures["flow"])

    def drawn(self, model: str, network: Network) -> "Row":
        """The same as one more model draws it."""
        start, truth, end = (self.pictures[name] for name in ("first key", "truth", "second key"))
        picture = network(start[None], end[None], HALF)[0]
        figure = metrics.compare(picture, truth, start, end).psnr_moving
        return replace(self, pictures=self.pictures | {model: picture}, figures=self.figures | {model: figure})


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("clips", type=Path, help="folder of packed clips")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "gallery", help="where the sheets go")
    parser.add_argument("--rows", type=int, default=6, help="triads on a sheet")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    painter = _network("akanet")
    rows = sorted(_rows(options.clips), key=lambda row: row.gain, reverse=True)
    middle = len(rows) // 2 - options.rows // 2
    chosen = {
        "best": rows[: options.rows],
        "middle": rows[middle : middle + options.rows],
        "worst": rows[-options.rows :],
    }
    for name, part in chosen.items():
        file = options.out / f"{name}.png"
        cv2.imwrite(str(file), _sheet([row.drawn("akanet", painter) for row in part])[..., ::-1])
        sys.stdout.write(f"{file}: {', '.join(f'{r.name} {r.gap} apart {r.gain:+.1f} dB' for r in part)}\n")
    return 0


def _network(model: str) -> Network:
    return registry.load(model, "cpu").network(RGBA, "display")


def _rows(folder: Path) -> Iterator[Row]:
    networks = {model: _network(model) for model in JUDGED}
    for clip in packed(folder, "val"):
        if not clip.name.startswith(tuple(SOURCES)):
            continue
        for gap in GAPS:
            for start, truth, end in keys_apart(clip, gap, 1):
                row = Row(clip.name, gap, {"first key": start, "truth": truth, "second key": end}, {})
                for model, network in networks.items():
                    row = row.drawn(model, network)
                yield row


def _sheet(rows: list[Row]) -> Array:
    def caption(row: Row, name: str) -> str:
        return f"{name} {row.figures[name]:.1f} dB" if name in row.figures else name

    return comparison.sheet([{caption(row, name): row.pictures[name] for name in COLUMNS} for row in rows])


if __name__ == "__main__":
    sys.exit(main())
