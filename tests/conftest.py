"""Lets a bare clone run `pytest`: maps the rooms onto the package `inbetween` when it is not installed."""

import sys
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent

if find_spec("inbetween") is None:
    rooms = [str(ROOT / "plugin"), str(ROOT)]
    spec = spec_from_file_location("inbetween", ROOT / "plugin/__init__.py", submodule_search_locations=rooms)
    assert spec is not None
    assert spec.loader is not None
    sys.modules["inbetween"] = module_from_spec(spec)
    spec.loader.exec_module(sys.modules["inbetween"])


@pytest.fixture(scope="session")
def installer() -> ModuleType:
    """install.py as a module; it belongs to no package."""
    spec = spec_from_file_location("install", ROOT / "install.py")
    assert spec is not None
    assert spec.loader is not None
    sys.modules["install"] = module_from_spec(spec)
    spec.loader.exec_module(sys.modules["install"])
    return sys.modules["install"]
