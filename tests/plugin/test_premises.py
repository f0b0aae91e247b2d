"""Learning happens with leave, cut off the network, and on a record that cannot be altered unseen."""

import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from inbetween.core.errors import PremisesError
from inbetween.premises import audit, permission

LEAVE = {
    "show": "short",
    "owner": "The Studio",
    "approver": "A. Producer",
    "scope": ["fine-tune"],
    "start": "2026-01-01",
    "finish": "2026-12-31",
}
TODAY = date(2026, 6, 1)


def written(folder: Path, **changes: Any) -> Path:
    file = folder / permission.FILE
    file.write_text(json.dumps({**LEAVE, **changes}))
    return file


def test_a_permission_governs_everything_below_its_folder(tmp_path: Path) -> None:
    shot = tmp_path / "sh010" / "comp"
    shot.mkdir(parents=True)
    file = written(tmp_path)
    assert permission.find(shot) == file.resolve()


def test_without_a_permission_nothing_is_learnt(tmp_path: Path) -> None:
    with pytest.raises(PremisesError, match=r"no permission\.json"):
        permission.find(tmp_path)


def test_a_permission_that_holds_is_accepted_on_its_first_and_last_day(tmp_path: Path) -> None:
    leave = permission.read(written(tmp_path))
    for day in (date(2026, 1, 1), TODAY, date(2026, 12, 31)):
        permission.require(leave, "fine-tune", day)


@pytest.mark.parametrize(
    ("purpose", "day", "words"),
    [
        ("train", TODAY, "covers fine-tune but not train; ask A. Producer"),
        ("fine-tune", date(2027, 1, 1), "ended on 2026-12-31"),
        ("fine-tune", date(2025, 12, 31), "begins on 2026-01-01"),
    ],
)
def test_out_of_scope_or_time_is_refused(tmp_path: Path, purpose: str, day: date, words: str) -> None:
    with pytest.raises(PremisesError, match=words):
        permission.require(permission.read(written(tmp_path)), purpose, day)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"approver": ""}, "lacks approver"),
        ({"scope": ["everything"]}, "scope is"),
        ({"scope": "fine-tune"}, "scope is"),
        ({"start": "tomorrow"}, "start is 'tomorrow'; write it as"),
        ({"finish": 2026}, "finish is 2026"),
        ({"show": "../other"}, "show is"),
    ],
)
def test_an_incomplete_permission_is_refused(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(PremisesError, match=words):
        permission.read(written(tmp_path, **changes))


@pytest.mark.parametrize("text", ["{", "[]", "null", ""])
def test_a_file_that_is_no_permission_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / permission.FILE).write_text(text)
    with pytest.raises(PremisesError, match=r"permission\.json"):
        permission.read(tmp_path / permission.FILE)


def logged(store: Path, count: int = 3) -> list[str]:
    """Write events and return the log's lines."""
    for number in range(count):
        audit.append(store, "add", show="short", shots=[number])
    return (store / audit.FILE).read_text().splitlines()


def test_the_log_holds_every_event_in_order(tmp_path: Path) -> None:
    logged(tmp_path)
    events = list(audit.events(tmp_path))
    assert [event["details"]["shots"] for event in events] == [[0], [1], [2]]
    assert [event["number"] for event in events] == [1, 2, 3]


def test_an_empty_log_is_sound(tmp_path: Path) -> None:
    assert list(audit.events(tmp_path)) == []


def tampered(lines: list[str], how: str) -> list[str]:
    if how == "changed":
        return [lines[0], lines[1].replace("short", "shirt"), lines[2]]
    if how == "removed":
        return [lines[0], lines[2]]
    if how == "swapped":
        return [lines[1], lines[0], lines[2]]
    if how == "torn":
        return [*lines[:2], lines[2][:40]]
    forged = json.loads(lines[1])
    forged["details"]["shots"] = [99]
    forged.pop("sha256")
    return [lines[0], json.dumps({**forged, "sha256": audit._seal(forged)}), lines[2]]


@pytest.mark.parametrize("how", ["changed", "removed", "swapped", "torn", "forged"])
def test_tampering_is_detected(tmp_path: Path, how: str) -> None:
    lines = logged(tmp_path)
    (tmp_path / audit.FILE).write_text("\n".join(tampered(lines, how)) + "\n")
    with pytest.raises(PremisesError, match=r"audit\.jsonl line"):
        list(audit.events(tmp_path))


def test_nothing_is_added_behind_a_torn_line(tmp_path: Path) -> None:
    lines = logged(tmp_path)
    (tmp_path / audit.FILE).write_text("\n".join(lines)[:-10])
    with pytest.raises(PremisesError, match="last line"):
        audit.append(tmp_path, "add")


def test_lines_longer_than_a_block_still_chain(tmp_path: Path) -> None:
    audit.append(tmp_path, "add", shots=["x" * 200_000])
    audit.append(tmp_path, "add", shots=["y" * 200_000])
    assert audit.append(tmp_path, "done") == [*audit.events(tmp_path)][-1]["sha256"]


def test_two_processes_can_write_at_once(tmp_path: Path) -> None:
    program = "import sys; from pathlib import Path; from inbetween.premises import audit\n"
    program += "for i in range(20): audit.append(Path(sys.argv[1]), 'add', shots=[i])"
    writers = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path)]) for _ in range(2)]
    assert [writer.wait() for writer in writers] == [0, 0]
    assert len(list(audit.events(tmp_path))) == 40


CUT = """
import json, os, socket, subprocess, sys
from dataclasses import asdict
from inbetween.core.errors import PremisesError
from inbetween.premises.isolation import cut_network

try:
    evidence = asdict(cut_network())
except PremisesError as error:
    sys.exit(str(error))

def attempt(address):
    with socket.socket() as outward:
        outward.settimeout(5)
        return outward.connect_ex(address)

with socket.create_server(("127.0.0.1", 0)) as server:
    loopback = attempt(server.getsockname())
child = subprocess.run([sys.executable, "-c",
    "import socket; print(socket.socket().connect_ex(('192.0.2.1', 80)))"], capture_output=True, text=True)
with open(sys.argv[1], "w") as file:
    file.write("kept")
print(json.dumps({**evidence, "outside": attempt(("192.0.2.1", 80)), "loopback": loopback, "child": int(child.stdout)}))
"""


@pytest.fixture(scope="module")
def severed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    file = tmp_path_factory.mktemp("cut") / "file"
    ended = subprocess.run([sys.executable, "-c", CUT, str(file)], capture_output=True, text=True)
    if ended.returncode:
        pytest.skip(f"this machine cannot cut a process off: {ended.stderr.strip()}")
    assert file.stat().st_uid == file.parent.stat().st_uid
    evidence: dict[str, Any] = json.loads(ended.stdout)
    return evidence


def test_the_kernel_cuts_the_process_and_its_children_off(severed: dict[str, Any]) -> None:
    unreachable = 101
    assert severed["cut"]
    assert severed["outside"] == severed["child"] == unreachable
    assert severed["probe"] == "ENETUNREACH"


def test_the_evidence_names_another_network_with_nothing_but_loopback(severed: dict[str, Any]) -> None:
    assert severed["namespace_after"] != severed["namespace_before"]
    assert severed["interfaces"] == ["lo"]
    assert severed["loopback"] == 0


THREADED = """
import sys, threading
from inbetween.core.errors import PremisesError
from inbetween.premises.isolation import cut_network
stop = threading.Event()
threading.Thread(target=stop.wait).start()
try:
    print(cut_network(allow_open="open" in sys.argv).cut)
except PremisesError as error:
    print(error)
stop.set()
"""


def test_where_the_cut_is_impossible_nothing_starts_unless_told_so() -> None:
    """With threads running the kernel cannot move the process, on any machine."""
    refused, told = (
        subprocess.run([sys.executable, "-c", THREADED, *flags], capture_output=True, text=True).stdout.strip()
        for flags in ([], ["open"])
    )
    assert refused.startswith("the network could not be cut")
    assert "--allow-open-network" in refused
    assert told == "False"
