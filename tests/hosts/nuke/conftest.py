"""A Nuke to test in. The stand-in is plain modules beside the tests."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from nuke_host import Host
from nuke_studio import Studio, engine, forget

import inbetween
from inbetween.hosts.worker.client import Worker


@pytest.fixture(scope="session")
def workers() -> Iterator[dict[str, Worker]]:
    """Workers that outlive a test, as they outlive a run in Nuke."""
    if inbetween.__spec__ is None:  # a bare clone, mapped by tests/conftest.py
        pytest.skip("the worker runs isolated, and inbetween is not installed")
    running: dict[str, Worker] = {}
    yield running
    for one in running.values():
        one.close()


@pytest.fixture
def open_nuke(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: dict[str, Worker]
) -> Iterator[Callable[..., Studio]]:
    """Start a Nuke, with a window or without."""

    def start(gui: bool = True, config: dict[str, Any] | None = None) -> Studio:
        host = Host(gui)
        monkeypatch.setitem(sys.modules, "nuke", host.module)
        where = tmp_path / "config.json"
        where.write_text(json.dumps(config or engine()), encoding="utf-8")
        monkeypatch.setenv("INBETWEEN_NUKE_CONFIG", str(where))
        forget()
        studio = Studio(host, tmp_path)
        studio.make._workers = workers
        return studio

    yield start
    forget()


@pytest.fixture
def studio(open_nuke: Callable[..., Studio]) -> Studio:
    return open_nuke()
