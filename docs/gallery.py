"""Draws docs/gallery: real animations in-betweened by every model, beside the truth.

    python docs/gallery.py CLIPS

CLIPS is a folder of packed clips (`inbetween.models.training.clips`), of which only the validation split is used: no
model has learnt from it. Which frames are shown is decided by figures alone: those on which the motion model gains most
over the better of dissolve and flow, those on which it loses most, and some from the middle.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from inbetween import comparison
from inbetween.core.channels import RGBA
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
MODELS = ("dissolve", "flow", "akanet", "motion")
GAPS = (4, 8)


@dataclass(frozen=True)
class Row:
    """One triad as every model draws it, and how much the motion model gains, in dB of moving pixels."""

    name: str
    gap: int
    pictures: dict[str, Array]
    figures: dict[str, float]

    @property
    def gain(self) -> float:
        return self.figures["motion"] - max(self.figures["dissolve"], self.figures["flow"])


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("clips", type=Path, help="folder of packed clips")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "gallery", help="where the sheets go")
    parser.add_argument("--rows", type=int, default=6, help="triads on a sheet")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    rows = sorted(_rows(options.clips), key=lambda row: row.gain, reverse=True)
    middle = len(rows) // 2 - options.rows // 2
    chosen = {
        "best": rows[: options.rows],
        "middle": rows[middle : middle + options.rows],
        "worst": rows[-options.rows :],
    }
    for name, part in chosen.items():
        file = options.out / f"{name}.png"
        cv2.imwrite(str(file), _sheet(part)[..., ::-1])
        sys.stdout.write(f"{file}: {', '.join(f'{r.name} {r.gap} apart {r.gain:+.1f} dB' for r in part)}\n")
    return 0


def _rows(folder: Path) -> Iterator[Row]:
    available = [name for name in MODELS if name in registry.MODELS]
    networks = {name: registry.load(name, "cpu").network(RGBA, "display") for name in available}
    half = np.full((1, 1, 1, 1), 0.5, np.float32)
    for clip in packed(folder, "val"):
        if not clip.name.startswith(tuple(SOURCES)):
            continue
        for gap in GAPS:
            for start, truth, end in keys_apart(clip, gap, 1):
                drawn = {name: network(start[None], end[None], half)[0] for name, network in networks.items()}
                figures = {n: metrics.compare(d, truth, start, end).psnr_moving for n, d in drawn.items()}
                yield Row(clip.name, gap, {"first key": start, "truth": truth, **drawn, "second key": end}, figures)


def _sheet(rows: list[Row]) -> Array:
    lines = []
    for row in rows:
        captions = {n: f"{n} {row.figures[n]:.1f} dB" if n in row.figures else n for n in row.pictures}
        lines.append({captions[name]: picture for name, picture in row.pictures.items()})
    return comparison.sheet(lines)


if __name__ == "__main__":
    sys.exit(main())
