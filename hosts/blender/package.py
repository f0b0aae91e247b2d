"""The extension as a zip, as an installed folder, as a repository of one's own.

    python -m inbetween.hosts.blender.package --zip [FILE]
    python -m inbetween.hosts.blender.package --to [DIR]
    python -m inbetween.hosts.blender.package --uninstall [DIR]
    python -m inbetween.hosts.blender.package --index DIR

Runs in the engine's Python and asks the worker what it is: the extension carries that description, so that no default
or help text is written down twice, and nothing is packed around an engine that does not start.
"""

import argparse
import hashlib
import json
import os
import shutil
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from inbetween.hosts.worker.client import Worker, WorkerError

ID = "inbetween"
HOSTS = Path(__file__).parent.parent
OLDEST = (4, 2)

MANIFEST = """\
schema_version = "1.0.0"
id = "{id}"
version = "{version}"
name = "Inbetween"
tagline = "Draw the frames between key drawings"
maintainer = "The inbetween authors"
type = "add-on"
tags = ["Animation", "Compositing", "Pipeline", "Sequencer"]
blender_version_min = "{oldest}"
license = ["SPDX:Apache-2.0"]

[permissions]
files = "Keep finished frames and tell the engine where key frames are"
"""

INIT = '''\
"""In-betweens inside Blender: the sources are in `hosts`, laid out as in the engine they belong to."""

from .hosts.blender import register, unregister

__all__ = ["register", "unregister"]
'''


def contents(python: str) -> dict[str, str]:
    """Every file of the extension, by its path inside. `python` is what the preferences begin with, or empty.

    Raises `WorkerError` when the engine does not start.
    """
    with Worker(sys.executable) as worker:
        said = worker.hello()
    oldest = ".".join(map(str, (*OLDEST, 0)))
    described = {name: said[name] for name in ("version", "models", "settings")}
    files = {
        "blender_manifest.toml": MANIFEST.format(id=ID, version=said["version"], oldest=oldest),
        "description.json": json.dumps({**described, "python": python}, indent=1),
        "__init__.py": INIT,
    }
    for source in _sources():
        files[f"hosts/{source.relative_to(HOSTS).as_posix()}"] = source.read_text("utf-8")
    return files


def _sources() -> Iterator[Path]:
    yield HOSTS / "__init__.py"
    yield from (HOSTS / "worker" / name for name in ("__init__.py", "client.py"))
    yield from (path for path in sorted((HOSTS / "blender").glob("*.py")) if path != Path(__file__))


def write_zip(target: Path, files: dict[str, str]) -> None:
    """The same files give the same bytes, whenever and wherever; the zip is whole or not there."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.tmp")
    try:
        with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in sorted(files):
                archive.writestr(zipfile.ZipInfo(name), files[name].encode("utf-8"), zipfile.ZIP_DEFLATED)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def install(folder: Path, files: dict[str, str]) -> Path:
    """Put the extension into an extension folder of Blender, in place of an older one; returns where it is."""
    place = _ours(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{ID}-", dir=folder) as unfinished:
        for name, text in files.items():
            file = Path(unfinished, ID, name)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
        if place.exists():
            shutil.rmtree(place)
        Path(unfinished, ID).rename(place)
    return place


def uninstall(folder: Path) -> bool:
    """Remove the extension from an extension folder; says whether it was there."""
    place = _ours(folder)
    if not place.exists():
        return False
    shutil.rmtree(place)
    return True


def _ours(folder: Path) -> Path:
    """Where the extension lies in a folder. Raises `WorkerError` when something else is there under its name."""
    place = folder / ID
    if place.exists():
        manifest = place / "blender_manifest.toml"
        if not manifest.is_file() or tomllib.loads(manifest.read_text("utf-8")).get("id") != ID:
            raise WorkerError(f"{place} is not this extension; move it away or name another folder")
    return place


def extension_folders() -> list[Path]:
    """The extension folders of every Blender that this user has started here, 4.2 and newer."""
    if sys.platform == "win32":
        base = Path(os.environ["APPDATA"], "Blender Foundation", "Blender")
    elif sys.platform == "darwin":
        base = Path.home() / "Library/Application Support/Blender"
    else:
        base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config", "blender")
    return [_extensions(path) for path in sorted(base.glob("*.*")) if _version(path) >= OLDEST]


def _version(path: Path) -> tuple[int, ...]:
    """4.5 for `~/.config/blender/4.5`; (0,) for a folder that belongs to no version."""
    parts = path.name.split(".")
    return tuple(map(int, parts)) if all(part.isdigit() for part in parts) else (0,)


def _extensions(path: Path) -> Path:
    """`~/.config/blender/4.5` stands for the extension folder in it; any other folder for itself."""
    return path / "extensions" / "user_default" if len(_version(path)) == 2 else path


def write_index(folder: Path) -> list[str]:
    """List every extension zip of a folder in `index.json`, which makes the folder a repository; returns their names.

    The form is that of Blender's own `--command extension server-generate`.
    """
    rows = []
    for archive in sorted(folder.glob("*.zip")):
        data = archive.read_bytes()
        with zipfile.ZipFile(archive) as opened:
            manifest: dict[str, Any] = tomllib.loads(opened.read("blender_manifest.toml").decode("utf-8"))
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        place = {"archive_url": f"./{archive.name}", "archive_size": len(data), "archive_hash": digest}
        rows.append({**manifest, **place})
    index = json.dumps({"version": "v1", "blocklist": [], "data": rows}, indent=2)
    folder.joinpath("index.json").write_text(index, encoding="utf-8")
    return [row["archive_url"] for row in rows]


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="install.py blender",
        description="Build the Blender extension, install it, remove it. It runs in Blender 4.2 LTS, 4.5 LTS and 5.0.",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--zip", nargs="?", const="", metavar="FILE", help="build the extension (the default)")
    what.add_argument(
        "--to",
        nargs="?",
        const="",
        metavar="DIR",
        help="install into an extension folder, or a Blender's settings folder such as ~/.config/blender/4.5; "
        "without DIR into every Blender of this user",
    )
    what.add_argument("--uninstall", nargs="?", const="", metavar="DIR", help="remove from there again")
    what.add_argument("--index", metavar="DIR", help="build into DIR and make DIR a repository for a studio's Blenders")
    parser.add_argument(
        "--python",
        metavar="FILE",
        help="the engine's Python as the preferences begin with; with --to this one, else none",
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    """Exit code 0 done, 2 wrong use or an engine that does not start."""
    chosen = arguments().parse_args(argv)
    try:
        for line in _do(chosen):
            sys.stdout.write(f"{line}\n")
    except WorkerError as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    except OSError as problem:
        place = problem.filename or "a file"
        sys.stderr.write(
            f"{place} cannot be written: {problem.strerror or problem}; name a place that you may write to\n"
        )
        return 2
    return 0


def _do(chosen: argparse.Namespace) -> Iterator[str]:
    if chosen.uninstall is not None:
        for folder in _folders(chosen.uninstall):
            yield f"Removed from {folder}" if uninstall(folder) else f"Not installed in {folder}"
    elif chosen.to is not None:
        files = contents(_engine(chosen.python) or sys.executable)
        for folder in _folders(chosen.to):
            yield f"Installed {install(folder, files)}"
        yield "In Blender: Edit > Preferences > Add-ons, tick Inbetween."
    elif chosen.index is not None:
        folder, files = Path(chosen.index).expanduser(), contents(chosen.python or "")
        write_zip(folder / _zip_name(files), files)
        yield from (f"{folder / 'index.json'} lists {name}" for name in write_index(folder))
        yield "In Blender: Edit > Preferences > Get Extensions > Repositories > Add Remote Repository, with the URL"
        yield f"{folder.resolve().as_uri()}/index.json"
        yield from _elsewhere(chosen.python)
    else:
        yield from _build(Path(chosen.zip).expanduser() if chosen.zip else None, chosen.python or "")
        yield from _elsewhere(chosen.python)


def _build(named: Path | None, python: str) -> Iterator[str]:
    if named and named.is_dir():
        raise WorkerError(f"{named} is a folder; name the zip file to build, such as {named / f'{ID}.zip'}")
    files = contents(python)
    target = named or Path("dist", _zip_name(files))
    write_zip(target, files)
    yield f"Built {target}"
    where = "In Blender: Edit > Preferences > Add-ons > Install from Disk"
    yield from [f"{where}."] if python else [f"{where}, and name the engine's Python there:", sys.executable]


def _elsewhere(python: str | None) -> Iterator[str]:
    """What is to be said of an engine's Python that only the machines have on which Blender runs."""
    if python and not Path(python).expanduser().is_file():
        yield f"{python} is not on this machine; it must be on those where Blender runs."


def _engine(named: str | None) -> str:
    """The Python that was named, in full; empty for none. Links stay: an environment's Python is one."""
    if not named:
        return ""
    python = Path(named).expanduser().absolute()
    if not python.is_file():
        raise WorkerError(f"--python {named} is not there; name the Python that inbetween was installed with")
    return str(python)


def _zip_name(files: dict[str, str]) -> str:
    return f"{ID}-{tomllib.loads(files['blender_manifest.toml'])['version']}.zip"


def _folders(named: str) -> list[Path]:
    found = [_extensions(Path(named).expanduser())] if named else extension_folders()
    if not found:
        raise WorkerError("no Blender of this user was found; start Blender once, or name its settings folder")
    return found


if __name__ == "__main__":
    sys.exit(main())
