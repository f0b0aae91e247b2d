"""What Blender's own tools make of the extension: validation, the repository index, installing from it."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy
import pytest

SCRIPTS = Path(bpy.utils.system_resource("SCRIPTS"))


def tool(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Blender's extension tool, as `blender --command extension` runs it, with the tags that Blender knows."""
    (found,) = SCRIPTS.rglob("blender_ext.py")
    command = [sys.executable, str(found), *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def tags() -> str:
    (found,) = SCRIPTS.rglob("extensions/tags.py")
    return f"--valid-tags={found}"


def test_blender_finds_nothing_wrong_with_the_zip(archive: Path) -> None:
    done = tool("validate", tags(), str(archive))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "error" not in done.stdout.lower()


def test_blender_would_find_a_wrong_tag(archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(tmp_path)
    manifest = tmp_path / "blender_manifest.toml"
    manifest.write_text(manifest.read_text().replace('"Animation"', '"Magic"'))
    assert tool("validate", tags(), str(tmp_path)).returncode != 0


def test_blender_builds_the_same_extension_from_the_same_files(archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(tmp_path / "source")
        ours = {name: opened.read(name) for name in opened.namelist()}
    target = tmp_path / "built.zip"
    done = tool("build", tags(), "--source-dir", str(tmp_path / "source"), "--output-filepath", str(target))
    assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(target) as built:
        assert {name: built.read(name) for name in built.namelist()} == ours


@pytest.fixture
def repository(engine: str, tmp_path: Path) -> Path:
    """A folder that a studio shares."""
    command = [
        engine,
        "-I",
        "-m",
        "inbetween.hosts.blender.package",
        "--index",
        str(tmp_path),
        "--python",
        "/studio/python",
    ]
    subprocess.run(command, check=True)
    return tmp_path


def test_index_is_what_blender_itself_would_write(repository: Path) -> None:
    ours = json.loads((repository / "index.json").read_text())
    assert tool("server-generate", "--repo-dir", str(repository)).returncode == 0
    assert json.loads((repository / "index.json").read_text()) == ours


@pytest.fixture
def alone() -> Iterator[Any]:
    """Blender's repositories, with no other copy of the extension switched on: two would own the same operators."""
    other = "bl_ext.user_default.inbetween"
    was_on = other in bpy.context.preferences.addons
    if was_on:
        bpy.ops.preferences.addon_disable(module=other)
    repositories = bpy.context.preferences.extensions.repos
    yield repositories
    bpy.ops.preferences.addon_disable(module="bl_ext.studio.inbetween")
    repositories.remove(repositories["Studio"])
    if was_on:
        bpy.ops.preferences.addon_enable(module=other)


def test_artist_installs_from_the_studios_repository(alone: Any, repository: Path) -> None:
    bpy.context.preferences.system.use_online_access = True  # Blender asks for it even for a folder
    alone.new(name="Studio", module="studio", remote_url=(repository / "index.json").as_uri())
    index = alone.find("Studio")
    assert bpy.ops.extensions.repo_sync(repo_index=index) == {"FINISHED"}
    done = bpy.ops.extensions.package_install(repo_index=index, pkg_id="inbetween", enable_on_install=True)
    assert done == {"FINISHED"}
    bpy.context.preferences.system.use_online_access = False
    assert bpy.context.preferences.addons["bl_ext.studio.inbetween"].preferences.python == "/studio/python"
    assert "strips" in dir(bpy.ops.inbetween)


def test_folder_laid_down_by_the_installer_can_be_enabled(alone: Any, engine: str, tmp_path: Path) -> None:
    alone.new(name="Studio", module="studio", custom_directory=str(tmp_path))
    command = [engine, "-I", "-m", "inbetween.hosts.blender.package"]
    subprocess.run([*command, "--to", str(tmp_path)], check=True)
    assert bpy.ops.preferences.addon_enable(module="bl_ext.studio.inbetween") == {"FINISHED"}
    assert bpy.context.preferences.addons["bl_ext.studio.inbetween"].preferences.python == engine
    assert "strips" in dir(bpy.ops.inbetween)
    subprocess.run([*command, "--uninstall", str(tmp_path)], check=True)
    assert not (tmp_path / "inbetween").exists()
