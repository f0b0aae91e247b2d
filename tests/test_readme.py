"""What the README says is done: its shell lines and its Python run on tiny keys, and what it names is there."""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import OpenImageIO as oiio
import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
SHELL = [text for language, text in BLOCKS if language == "sh"]
PYTHON = [text for language, text in BLOCKS if language == "python"]
COMMANDS = Path(sys.executable).parent


def key(at: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A tiny key: a blue disc on nothing."""
    pixels = np.zeros((27, 48, 4), np.uint8)
    cv2.circle(pixels, (at, 13), 6, (200, 80, 20, 255), -1)
    return pixels


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with what the README's lines take for granted."""
    drawings = {"keys/fox.0001.png": 10, "keys/fox.0009.png": 20, "keys/fox.0017.png": 30, "corrected/fox.0005.png": 14}
    drawings |= {"poses/fox.0001.png": 10, "poses/fox.0002.png": 20}
    for name in ("beauty/fox", "depth/fox", "passes/shot_beauty", "passes/shot_depth"):
        drawings |= {f"{name}.0001.exr": 10, f"{name}.0004.exr": 20}
    (tmp_path / "marks.csv").write_text("mark,frame,x,y\nleft paw,1,10,13\nleft paw,9,20,13\n")
    (tmp_path / "motion").mkdir()
    for number in range(1, 18):
        spec = oiio.ImageSpec(48, 27, 4, "float")
        spec.channelnames = ("forward.u", "forward.v", "backward.u", "backward.v")
        vectors = oiio.ImageBuf(spec)
        oiio.ImageBufAlgo.fill(vectors, (1.25, 0.0, -1.25, 0.0))
        assert vectors.write(str(tmp_path / f"motion/fox.{number:04d}.exr"))
    for name, at in drawings.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        assert oiio.ImageBuf(key(at)).write(str(tmp_path / name))
    return tmp_path


def start(command: list[str] | str, desk: Path) -> None:
    environment = {**os.environ, "PATH": os.pathsep.join([str(COMMANDS), os.environ["PATH"]])}
    shell = isinstance(command, str)
    done = subprocess.run(command, cwd=desk, env=environment, shell=shell, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


def lines(block: str) -> list[str]:
    return [line.split("  #")[0].strip() for line in block.splitlines()]


@pytest.mark.skipif(
    not (COMMANDS / "inbetween-seq").exists(), reason="the commands are not installed: pip install -e ."
)
@pytest.mark.parametrize("block", SHELL, ids=lambda block: lines(block)[-1])
def test_shell_lines_run(block: str, desk: Path) -> None:
    for line in lines(block):
        if not line.startswith("python3 install.py"):
            start(line.replace(".venv/bin/", ""), desk)


@pytest.mark.skipif(
    not (COMMANDS / "inbetween-seq").exists(), reason="the commands are not installed: pip install -e ."
)
def test_the_first_line_fills_the_gaps(desk: Path) -> None:
    start(lines(SHELL[0])[0].replace(".venv/bin/", ""), desk)
    made = [path.name for path in sorted((desk / "shot").glob("*.png"))]
    assert made == [f"fox.{number:04d}.png" for number in range(1, 18)]
    assert (desk / "shot/fox.0009.png").read_bytes() == (desk / "keys/fox.0009.png").read_bytes()


def test_the_table_of_marks_is_one(tmp_path: Path) -> None:
    from inbetween.hosts.sequence.marks import read

    (text,) = (text for language, text in BLOCKS if language == "csv")
    (tmp_path / "marks.csv").write_text(text)
    assert [line.key for line in read(str(tmp_path / "marks.csv")).lines] == [1, 9]


@pytest.mark.parametrize("block", PYTHON, ids=lambda block: block.splitlines()[0])
def test_python_runs(block: str, desk: Path) -> None:
    start([sys.executable, "-c", block], desk)


def test_the_commands_of_install_are_real(installer: ModuleType) -> None:
    named = re.findall(r"^python3 install\.py (\w+)", README, re.MULTILINE)
    assert set(named) == set(installer.COMMANDS)


def test_every_file_that_is_linked_is_there() -> None:
    for link in re.findall(r"\]\((?!http)([^)#]+)", README):
        assert (ROOT / link).exists(), link


def test_the_map_names_every_room() -> None:
    rooms = re.findall(r"^\| `(\w+)/` \|", README, re.MULTILINE)
    assert rooms == ["core", "models", "hosts", "plugin", "tests"]
    assert all((ROOT / room).is_dir() for room in rooms)


def test_every_model_is_in_the_table() -> None:
    from inbetween.models.registry import MODELS

    assert set(re.findall(r"^\| `([\w-]+)`.* \|", README.split("## Models")[1], re.MULTILINE)) == set(MODELS)
