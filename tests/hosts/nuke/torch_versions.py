"""One command: every torch that a Nuke carries loads the exported model and draws the same pictures.

    python tests/hosts/nuke/torch_versions.py FOLDER

Makes an environment for each version in FOLDER (once; with pip, 3 to 5 GB each on Linux, where the wheels of these
versions bring CUDA along), then runs the test that compares them with the torch of this Python and with the runner.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

VERSIONS = {
    "1.12.1": ("3.10", "14 and 15.0"),
    "1.13.1": ("3.11", "none, but it lies between"),
    "2.1.1": ("3.11", "15.1 to 17"),
}
"""torch, the newest Python that it was built for, and the Nukes that carry it."""


def python_for(version: str, folder: Path) -> Path | None:
    """The Python of an environment with that torch, made where there is none; None for want of a Python to make it."""
    place = folder / f"torch-{version}"
    python = place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not (place / "ready").exists():
        base = installed(VERSIONS[version][0])
        if base is None:
            return None
        subprocess.run([base, "-m", "venv", str(place)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", f"torch=={version}", "numpy<2"], check=True)
        (place / "ready").touch()
    return python


def installed(version: str) -> str | None:
    """A Python of that version that starts."""
    if version == f"{sys.version_info[0]}.{sys.version_info[1]}":
        return sys.executable
    found = shutil.which(f"python{version}")
    return found if found and subprocess.run([found, "-c", ""], capture_output=True).returncode == 0 else None


def main(arguments: list[str]) -> int:
    """Returns 1 when a version disagrees or could not be asked."""
    if len(arguments) != 1:
        sys.stderr.write(str(__doc__))
        return 2
    folder = Path(arguments[0]).absolute()
    found = {version: python_for(version, folder) for version in VERSIONS}
    for version, python in found.items():
        needed, nukes = VERSIONS[version]
        sys.stdout.write(f"torch {version} (Nuke {nukes}): {python or f'not asked, for want of Python {needed}'}\n")
    there = os.pathsep.join(str(python) for python in found.values() if python)
    test = Path(__file__).with_name("test_nuke_native.py")
    command = [sys.executable, "-m", "pytest", str(test), "-v", "-k", "other_torch_versions", "-W", "ignore"]
    code = subprocess.run(command, env={**os.environ, "INBETWEEN_TORCH_PYTHONS": there}).returncode
    return 1 if code or None in found.values() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
