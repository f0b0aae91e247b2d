"""`inbetween data`: the training store from the command line."""

import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inbetween.data import main
from inbetween.models.training import store
from inbetween.premises import audit


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the renders of a show, in which commands are given."""
    monkeypatch.chdir(tmp_path)
    renders = tmp_path / "renders"
    renders.mkdir()
    leave = {"show": "short", "owner": "The Studio", "approver": "A. Producer", "scope": ["fine-tune"]}
    dates = {"start": date.today().isoformat(), "finish": (date.today() + timedelta(1)).isoformat()}
    (renders / "permission.json").write_text(json.dumps({**leave, **dates}))
    for row in (0, 10, 20):
        frames = []
        for step in range(4):
            pixels = np.zeros((32, 32, 4), np.uint8)
            pixels[row : row + 10, 6 * step : 6 * step + 8] = (200, 100, 3 * row, 255)
            frames.append(Image.fromarray(pixels))
        frames[0].save(renders / f"row{row}.gif", save_all=True, append_images=frames[1:], duration=80, disposal=2)
    return tmp_path


def test_a_show_is_added_listed_verified_and_forgotten(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["add", "renders"]) == 0
    assert "short: 3 shots added, 0 there before, 0 left out; 1 to learn from" in capsys.readouterr().out
    assert main(["list", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sorted(row["clip"] for row in rows) == ["row0.gif", "row10.gif", "row20.gif"]
    assert {row["side"] for row in rows} == {"train", "validation", "test"}
    assert main(["verify"]) == 0
    assert "1 events, unbroken; files: 0 damaged" in capsys.readouterr().out
    assert main(["forget", "short"]) == 0
    assert "3 shots removed" in capsys.readouterr().out
    assert list(store.entries(desk / "training-store")) == []


def test_a_damaged_file_fails_the_check(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["add", "renders"])
    next((desk / "training-store" / "blobs").glob("*/*.gif")).write_bytes(b"altered")
    assert main(["verify"]) == 1
    said = capsys.readouterr()
    assert "missing or altered" in said.err
    assert "1 damaged" in said.out


def test_an_altered_log_fails_the_check(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["add", "renders"])
    log = desk / "training-store" / audit.FILE
    log.write_text(log.read_text().replace("short", "shirt"))
    assert main(["verify"]) == 2
    assert "the log was altered" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["list"], "training-store is no training store"),
        (["verify", "--store", "elsewhere"], "elsewhere is no training store"),
        (["forget", "short"], "is no training store"),
        (["add", "nowhere"], "nowhere does not exist"),
        (["add", "renders", "--for", "train"], "not train"),
        (["add", "renders", "--cut", "7"], "cut is 7"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_use_is_one_line(
    desk: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1
