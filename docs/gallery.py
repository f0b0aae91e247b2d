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
SIDE, LABEL, MARGIN = 176, 18, 4
PAPER, BACKDROP, INK = 41, 0.5, (217, 217, 217)


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
        captions = [f"{n} {row.figures[n]:.1f} dB" if n in row.figures else n for n in row.pictures]
        cells = [_cell(picture, caption) for picture, caption in zip(row.pictures.values(), captions, strict=True)]
        lines.append(np.concatenate(cells, axis=1))
    return np.concatenate(lines)


def _cell(picture: Array, caption: str) -> Array:
    height, width = picture.shape[:2]
    scale = SIDE / max(height, width)
    shown = np.clip(picture[..., :3] + BACKDROP * (1 - picture[..., 3:]), 0, 1)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    small = cv2.resize(shown, (round(width * scale), round(height * scale)), interpolation=method)
    cell = np.full((SIDE + LABEL + 2 * MARGIN, SIDE + 2 * MARGIN, 3), PAPER, np.uint8)
    top, left = MARGIN + (SIDE - small.shape[0]) // 2, MARGIN + (SIDE - small.shape[1]) // 2
    cell[top : top + small.shape[0], left : left + small.shape[1]] = (small * 255 + 0.5).astype(np.uint8)
    place = (MARGIN, SIDE + MARGIN + LABEL - 3)
    return np.asarray(cv2.putText(cell, caption, place, cv2.FONT_HERSHEY_SIMPLEX, 0.42, INK, 1, cv2.LINE_AA))


if __name__ == "__main__":
    sys.exit(main())
