#!/usr/bin/env python3
"""Sets up inbetween in this folder and shows that it works. Needs Python 3.11 or newer and nothing else.

    python3 install.py demo [--cpu]          set up, then fill the gaps of the example drawings
    python3 install.py test [-- PYTEST ...]  set up for developing, then run every check and the whole test suite
    python3 install.py blender [...]         build the Blender add-on and say how to install it; --help says more
    python3 install.py nuke [...]            add the node to Nuke's menu; --help says more

demo takes ONNX Runtime for CUDA where there is an NVIDIA GPU; --cpu takes the smaller build for the CPU all the same.
Everything is installed inside this folder, in virtual environments named .venv*; delete them and nothing is left.
Whatever is set up already is not set up again.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent
OLDEST = (3, 11)
CONSTRAINTS = ROOT / "constraints.txt"
BLENDERS = "INBETWEEN_BLENDER_PYTHON"
"""The Pythons with Blender in them that the tests run in; set it to bring your own."""
BPY = "bpy==5.0.1"
BPY_PYTHON = (3, 11)
"""Blender as a Python module is built for one Python only."""


WITHOUT_ENGINE = {"-h", "--help", "--uninstall"}
"""What the installers of hosts do with the standard library alone, whatever else they are asked."""
FROM_CHECKOUT = """
import runpy, sys
from importlib.util import module_from_spec, spec_from_file_location
root, module = sys.argv.pop(1), sys.argv.pop(1)
rooms = [f"{root}/plugin", root]
spec = spec_from_file_location("inbetween", f"{root}/plugin/__init__.py", submodule_search_locations=rooms)
sys.modules["inbetween"] = module_from_spec(spec)
spec.loader.exec_module(sys.modules["inbetween"])
runpy.run_module(module, run_name="__main__")
"""
"""Runs a module of the package straight out of this folder, as `python -m` does where it is installed."""


class InstallError(Exception):
    """Something outside of this program is in the way; the text says what, and what to do."""


class UsageError(Exception):
    """A command got something that it does not know."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment in the checkout and what pip puts into it."""

    name: str
    requirements: tuple[str, ...]

    @property
    def folder(self) -> Path:
        return ROOT / self.name

    @property
    def python(self) -> Path:
        return self.folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def log(self) -> Path:
        return self.folder / "install.log"

    @property
    def stamp(self) -> Path:
        return self.folder / "installed.sha256"

    def recipe(self) -> str:
        """A hash of everything that decides what ends up in the folder; the folder is stale when it changes."""
        parts = [str(ROOT), sys.version, platform.machine(), *self.requirements]
        if "-e" in self.requirements:
            parts += [path.read_text("utf-8") for path in (ROOT / "pyproject.toml", CONSTRAINTS)]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def ready(self) -> bool:
        return self.python.exists() and self.stamp.exists() and self.stamp.read_text("utf-8") == self.recipe()


def running(cpu: bool = False) -> Environment:
    """What in-betweening needs: no torch. ONNX Runtime comes in two builds, of which one environment holds one."""
    if cpu:
        say("Taking ONNX Runtime for the CPU, as asked.")
    elif has_nvidia_gpu():
        say("NVIDIA GPU found: taking ONNX Runtime for CUDA.")
        return ON_CUDA
    else:
        say("No NVIDIA GPU found: taking ONNX Runtime for the CPU.")
    return ON_CPU


ON_CPU = Environment(".venv", ("-c", str(CONSTRAINTS), "-e", ".[cpu]"))
ON_CUDA = Environment(".venv", ("-c", str(CONSTRAINTS), "-e", ".[gpu]"))
TESTING = Environment(".venv-test", ("-c", str(CONSTRAINTS), "-e", ".[cpu,train,publish,tune,test]"))
BLENDER = Environment(".venv-blender", (BPY, "numpy<2", "pytest==9.2.0"))
SIDE_BY_SIDE = ("-n", "logical", "--maxprocesses=4", "--dist=worksteal")
"""On every core, but on no more than four: each process holds torch. Those that are done take from the others."""


def has_nvidia_gpu() -> bool:
    """Whether the driver's own tool lists a card. A card without a driver is of no use to us."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return False
    try:
        listed = subprocess.run([tool, "-L"], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return listed.returncode == 0 and "GPU" in listed.stdout


def set_up(environment: Environment) -> float:
    """Make the environment unless it is ready; return the seconds it took.

    Always from an empty folder: the two builds of ONNX Runtime break each other when installed on top.
    Raises InstallError naming the log.
    """
    began = time.monotonic()
    if environment.ready():
        say(f"{environment.name} is ready.")
        return 0.0
    say(f"Installing into {environment.name} (a minute or two; details in {environment.log}) ...")
    create(environment)
    pip = [str(environment.python), "-m", "pip", "install", "--no-input", "--progress-bar", "off"]
    with environment.log.open("w", encoding="utf-8") as log:
        done = subprocess.run([*pip, *environment.requirements], cwd=ROOT, env=surroundings(), stdout=log, stderr=log)
    if done.returncode:
        raise InstallError(explain(environment))
    environment.stamp.write_text(environment.recipe(), "utf-8")
    return time.monotonic() - began


def create(environment: Environment) -> None:
    """An empty environment; its log marks it as ours from the start, and a folder without one is not touched."""
    folder = environment.folder
    if folder.exists() and not environment.log.exists():
        raise InstallError(f"{folder} is there already and was not made by install.py; rename or delete it.")
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir()
    environment.log.touch()
    command = [sys.executable, "-m", "venv", str(folder)]
    done = subprocess.run(command, env=surroundings(), capture_output=True, text=True)
    if done.returncode:
        said = (done.stdout + done.stderr).strip()
        hint = "install Python's venv module (on Debian and Ubuntu: apt install python3-venv)"
        remedy = hint if "ensurepip" in said else "see below"
        raise InstallError(f"Could not make {folder}: {remedy}.\n{said}")


def explain(environment: Environment) -> str:
    """A few lines out of pip's log: what failed and what to try."""
    lines = [line.strip() for line in environment.log.read_text("utf-8", errors="replace").splitlines()]
    errors = [line for line in lines if line.startswith("ERROR:") and line != "ERROR: Exception:"]
    first = next(iter([*errors, *lines[-1:]]), "pip gave no reason.")
    marks = ("NewConnectionError", "ConnectTimeoutError", "NameResolutionError", "ProxyError")
    offline = any(mark in line for line in lines for mark in marks)
    remedy = (
        "The package index cannot be reached: connect to the network, or point pip at a mirror or a folder of wheels"
        " (PIP_INDEX_URL or PIP_FIND_LINKS), and run this again."
        if offline
        else "Run this again once that is solved."
    )
    return f"Installing into {environment.name} failed. {first}\n{remedy}\nEverything pip said: {environment.log}"


def surroundings() -> dict[str, str]:
    """This process's environment without what would make a child use another Python's packages.

    Shells opened by Nuke, Blender or Maya export PYTHONHOME and PYTHONPATH.
    """
    dropped = {"PYTHONHOME", "PYTHONPATH", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "__PYVENV_LAUNCHER__"}
    return {name: value for name, value in os.environ.items() if name not in dropped}


def run(environment: Environment, *arguments: str, **extra: str) -> int:
    """Run the environment's Python in the checkout, its output on ours; return its exit code."""
    command = [str(environment.python), *arguments]
    return subprocess.run(command, cwd=ROOT, env={**surroundings(), **extra}).returncode


def demo(arguments: list[str]) -> int:
    if not {"--cpu"}.issuperset(arguments):
        raise UsageError(f"demo knows --cpu only, not {' '.join(arguments)}")
    environment = running(cpu="--cpu" in arguments)
    installing = set_up(environment)
    began = time.monotonic()
    for example in sorted(path.parent for path in (ROOT / "examples").glob("*/keys")):
        frames, sheet = ROOT / "examples/out" / example.name, ROOT / f"examples/out/{example.name}.png"
        say(f"\nFilling the gaps of {example / 'keys'}")
        command = ("-m", "inbetween", "seq", str(example / "keys"), str(frames), "--contact-sheet", str(sheet))
        motion = example / "motion"
        code = run(environment, *command, *(("--motion-vectors", str(motion)) if motion.is_dir() else ()))
        if code:
            return code
        say(f"Frames: {frames}\nContact sheet: {sheet}")
    say(f"\n{installing:.0f} s installing, {time.monotonic() - began:.0f} s in-betweening.")
    return 0


def test(arguments: list[str]) -> int:
    """Every check, whether or not one before it failed; 1 if any did."""
    set_up(TESTING)
    asked = os.environ.get(BLENDERS)
    blenders = {} if asked or not set_up_blender() else {BLENDERS: str(BLENDER.python)}
    further = arguments[arguments[:1] == ["--"] :]
    pytest = ("-m", "pytest", *SIDE_BY_SIDE, "-q", "--timeout=300", "--durations=10", *further)
    checks: dict[str, Callable[[], int]] = {
        "ruff check": lambda: run(TESTING, "-m", "ruff", "check", "."),
        "ruff format": lambda: run(TESTING, "-m", "ruff", "format", "--check", "."),
        "mypy": check_types,
        "pytest": lambda: run(TESTING, *pytest, OMP_NUM_THREADS="1", **blenders),
    }
    failed = []
    for name, check in checks.items():
        began = time.monotonic()
        say(f"\n{name}")
        code = check()
        say(f"{name}: {'failed' if code else 'passed'} in {time.monotonic() - began:.0f} s")
        failed += [name] if code else []
    say("\nAll checks passed." if not failed else f"\nFailed: {', '.join(failed)}.")
    return 1 if failed else 0


def set_up_blender() -> bool:
    """Make the environment with Blender's Python module; say so and return False where there is none."""
    if sys.version_info[:2] != BPY_PYTHON:
        say(f"No Blender tests: {BPY} is built for Python {'.'.join(map(str, BPY_PYTHON))} only.")
        return False
    try:
        set_up(BLENDER)
    except InstallError as error:
        say(f"No Blender tests: {error}")
        return False
    if run(BLENDER, "-c", "import bpy"):
        say(f"No Blender tests: {BPY} is installed but does not start here, for the reason above.")
        return False
    return True


def check_types() -> int:
    """mypy looks at what is shipped: no static tool reads the import hook of an editable installation."""
    shutil.rmtree(ROOT / "build", ignore_errors=True)
    install = ("-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--target", "build/types", ".")
    return run(TESTING, *install) or run(TESTING, "-m", "mypy") or run(TESTING, "-m", "mypy", "tests", "install.py")


def blender(arguments: list[str]) -> int:
    return delegate("inbetween.hosts.blender.package", arguments)


def nuke(arguments: list[str]) -> int:
    return delegate("inbetween.hosts.nuke.install", arguments)


def delegate(module: str, arguments: list[str]) -> int:
    """Set up what the host's worker runs in, then hand over to the host's own installer.

    Nothing is set up for what needs no engine: help, taking things out, saying what would be done.
    """
    if not WITHOUT_ENGINE.isdisjoint(arguments):
        command = [sys.executable, "-IS", "-c", FROM_CHECKOUT, str(ROOT), module, *arguments]
        return subprocess.run(command, env=surroundings()).returncode
    there = [environment for environment in (ON_CPU, ON_CUDA) if environment.ready()]
    environment = there[0] if there else running()
    if "--dry-run" in arguments and not there:
        say(f"would set up {environment.folder}; what would be done then is told once it is there")
        return 0
    set_up(environment)
    return run(environment, "-m", module, *arguments)


def say(text: str) -> None:
    print(text, flush=True)


COMMANDS = {"demo": demo, "test": test, "blender": blender, "nuke": nuke}


def main(arguments: list[str]) -> int:
    if sys.version_info < OLDEST:
        say(f"inbetween needs Python 3.11 or newer; this is {platform.python_version()} ({sys.executable}).")
        return 2
    command, *rest = arguments or ["--help"]
    if command not in COMMANDS:
        say(str(__doc__).strip())
        return 0 if command in ("-h", "--help", "help") else 2
    try:
        return COMMANDS[command](rest)
    except (UsageError, InstallError, OSError) as error:
        print(f"install.py: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
