"""Keys that a host hands over one by one, wherever they lie, laid out as a numbered sequence for the runner."""

import os
import re
import shutil
import socket
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inbetween.core.errors import InputError
from inbetween.core.whole import alive
from inbetween.hosts.sequence.frames import Header, Pixels, write_frame


@dataclass(frozen=True)
class Staged:
    """A temporary folder of keys, and whose names they bear."""

    folder: Path
    originals: Mapping[str, str]
    """File name in the folder -> the path the host knows."""

    def in_words_of_the_host(self, text: str) -> str:
        """A text for the artist with the host's own paths in place of the temporary ones.

        A name inside of another path is left alone: the result bears the same names.
        """
        for name, path in self.originals.items():
            text = text.replace(str(self.folder / name), path)
            text = re.sub(rf"(?<![\w./\\-]){re.escape(name)}", Path(path).name.replace("\\", r"\\"), text)
        return text.replace(str(self.folder), "the keys")


@contextmanager
def staged(name: str, keys: Sequence[Mapping[str, Any]]) -> Iterator[Staged]:
    """Lay keys out as `name.####.ext` for as long as the context is open.

    A key is `frame` and `path`, and for pixels that are in no image file yet `width`, `height`, `channels` and `float`:
    then the file holds raw float32, bottom row first, premultiplied and scene-linear if `float` is true, else straight
    and as displayed. Raises `InputError` naming the key that cannot be used.
    """
    if Path(name).name != name:
        raise InputError(f"the sequence cannot be called {name!r}; give it a name without folders")
    _sweep()
    with tempfile.TemporaryDirectory(prefix=f"{_folders()}{os.getpid()}-") as folder:
        originals = {}
        taken: dict[int, Path] = {}
        for key in keys:
            try:
                frame, path = int(key["frame"]), Path(key["path"])
                if frame in taken:
                    raise InputError(f"two keys are at frame {frame}, {taken[frame]} and {path}; give each its own")
                taken[frame] = path
                raw = "width" in key
                ext = (".exr" if key["float"] else ".png") if raw else path.suffix.lower()
                target = Path(folder, f"{name}.{frame:04d}{ext}")
                if raw:
                    _from_pixels(path, key, target)
                else:
                    _lay_down(path, target)
            except (KeyError, TypeError, ValueError) as cause:
                raise InputError(
                    f"the host named the key {dict(key)!r}, which lacks what a key needs: {cause}"
                ) from cause
            except OSError as cause:
                raise InputError(f"the key {key['path']} cannot be read: {cause.strerror}") from cause
            originals[target.name] = str(path)
        yield Staged(Path(folder), originals)


def _folders() -> str:
    """What the names of this machine's folders begin with; the number of their process comes next."""
    return f"inbetween-keys-{socket.gethostname()}-"


def _sweep() -> None:
    """Remove the folders of workers that were killed: float pictures are large."""
    begin = _folders()
    for folder in Path(tempfile.gettempdir()).glob(f"{begin}*"):
        number = folder.name.removeprefix(begin).split("-")[0]
        if number.isdigit() and not alive(int(number)):
            shutil.rmtree(folder, ignore_errors=True)


def _lay_down(path: Path, target: Path) -> None:
    """Link a key; copy it where links are not allowed (Windows without the right, some network drives).

    What bears the name already is never written to: it may be a link to an artist's own file.
    """
    path = path.resolve(strict=True)
    try:
        target.symlink_to(path)
    except OSError:
        with path.open("rb") as key, target.open("xb") as copy:
            shutil.copyfileobj(key, copy)


def _from_pixels(path: Path, key: Mapping[str, Any], target: Path) -> None:
    """Make an image file of a host's raw pixels: float EXR, or 8-bit PNG, to the bit."""
    import numpy as np
    import OpenImageIO as oiio

    width, height, channels = key["width"], key["height"], key["channels"]
    values: Pixels = np.fromfile(path, np.float32)
    if values.size != width * height * channels:
        raise InputError(
            f"{path} holds {values.size} values, not {width}x{height}x{channels}; is the temporary disk full?"
        )
    spec = oiio.ImageSpec(width, height, channels, oiio.FLOAT if key["float"] else oiio.UINT8)
    if not key["float"]:
        spec["oiio:UnassociatedAlpha"] = 1
    # Not `straight`: the values already are as the file wants them, colour under alpha 0 included.
    write_frame(target, Header(target, (spec,), False), values.reshape(height, width, channels)[::-1])
