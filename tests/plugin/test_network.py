"""Nothing of ours reaches for the network, or starts another program, by being imported."""

import subprocess
import sys

import pytest

WALK = """
import pkgutil, sys
from importlib import import_module

WATCHED = ("socket.", "urllib.", "http.client.", "ftplib.", "smtplib.", "subprocess.", "os.system", "os.exec",
           "os.posix_spawn", "os.fork")
HOSTS = {"bpy", "bmesh", "nuke", "nukescripts"}
seen = []
current = ""
sys.addaudithook(lambda event, args: seen.append((current, event)) if event.startswith(WATCHED) else None)

rooms = [import_module(name) for name in ("inbetween", "inbetween.core", "inbetween.models", "inbetween.hosts")]
names = sorted({m.name for room in rooms for m in pkgutil.walk_packages(room.__path__, room.__name__ + ".")})
loaded = 0
for current in names:
    if current.endswith("__main__"):
        continue  # is not imported but run
    try:
        import_module(current)
        loaded += 1
    except ModuleNotFoundError as error:
        if error.name.partition(".")[0] not in HOSTS | set(sys.argv[1:]):
            raise
for module, event in seen:
    print(module, event)
print("modules", loaded)
"""

OPTIONAL = ("pyblish", "optuna", "torch", "onnx", "onnxruntime", "safetensors", "rlottie_python", "PIL", "filelock")
"""Installed by extras: where one is missing, the modules that need it are passed over."""


@pytest.fixture(scope="module")
def imported() -> list[str]:
    ended = subprocess.run([sys.executable, "-c", WALK, *OPTIONAL], capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()


def test_no_module_touches_the_network_or_starts_a_program_on_import(imported: list[str]) -> None:
    assert imported[:-1] == []


def test_the_whole_package_was_looked_at(imported: list[str]) -> None:
    assert int(imported[-1].split()[1]) > 60


def test_the_watch_sees_what_it_is_for() -> None:
    """The same watch over a program that does open a socket and start a process."""
    deed = (
        "import socket, subprocess; current = 'guilty'; socket.socket().close(); subprocess.run(['true']); names = []"
    )
    guilty = WALK.replace("loaded = 0", f"{deed}; names = []; loaded = 0", 1)
    said = subprocess.run([sys.executable, "-c", guilty], capture_output=True, text=True).stdout
    assert "guilty socket.__new__" in said
    assert "guilty subprocess.Popen" in said
