"""`inbetween doctor` tells what was tried, not what is hoped for."""

import json

import pytest

from inbetween import doctor
from inbetween.core.errors import EngineError
from inbetween.models import registry


def test_every_model_is_tried_and_reported(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.main(["--json"]) in (0, 1)
    found = json.loads(capsys.readouterr().out)
    assert [model["name"] for model in found["models"]] == list(registry.MODELS)
    dissolve = next(model for model in found["models"] if model["name"] == "dissolve")
    assert dissolve["ways"]["auto"]["works"]
    assert all(result["says"] for model in found["models"] for result in model["ways"].values())
    assert next(row for row in found["libraries"] if row["name"] == "numpy")["version"]


def test_a_default_model_that_does_not_draw_is_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(name: str, device: str, engine: str) -> None:
        raise EngineError("no engine is installed; install one")

    monkeypatch.setattr(registry, "load", broken)
    assert doctor.main([]) == 1
    assert "NO: no engine is installed; install one" in capsys.readouterr().out


def test_every_way_to_run_a_model_is_told_apart_from_what_came_of_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    way = {"works": False, "says": "no device", "weights": "0" * 64}
    monkeypatch.setattr(doctor, "_try", lambda name, device, engine: way)
    assert doctor.main([]) == 1
    said = capsys.readouterr().out
    for engine, device in doctor.WAYS:
        assert said.count(f"    {engine} {device} ") == len(registry.MODELS)
