"""Runs what is in `inside` within real Blenders: those whose Pythons INBETWEEN_BLENDER_PYTHON names."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

BLENDERS = [python for python in os.environ.get("INBETWEEN_BLENDER_PYTHON", "").split(os.pathsep) if python]
INSIDE = Path(__file__).parent / "inside"


@pytest.mark.skipif(not BLENDERS, reason="INBETWEEN_BLENDER_PYTHON names no Python with bpy; `install.py test` does")
@pytest.mark.parametrize("blender", BLENDERS or ["none"])
def test_inside_blender(blender: str, tmp_path: Path) -> None:
    command = [blender, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--basetemp", str(tmp_path / "in"), str(INSIDE)]
    environment = {**os.environ, "INBETWEEN_PYTHON": sys.executable}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " passed" in done.stdout, f"nothing was tested:\n{done.stdout[-2000:]}"
