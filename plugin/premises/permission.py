"""The owner's leave to learn from a show, written down: `permission.json` beside the renders."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from inbetween.core.errors import InputError, PremisesError

FILE = "permission.json"
SCOPES = ("fine-tune", "train")
"""What leave can be given for: to teach a model that exists, and to teach a new one from the beginning."""

_FIELDS = ("show", "owner", "approver", "scope", "start", "finish")


@dataclass(frozen=True)
class Permission:
    """One show's permission. `start` and `finish` are both included."""

    show: str
    owner: str
    approver: str
    scope: tuple[str, ...]
    start: date
    finish: date
    sha256: str
    """Of the file's bytes: what manifests refer to."""


def find(renders: Path) -> Path:
    """The `permission.json` that governs a file, folder or pattern: in it, or in the nearest folder above it.

    Raises `PremisesError` where there is none, `InputError` where there is nothing of the name.
    """
    if not renders.exists() and not set("#@%$") & set(renders.name):
        raise InputError(f"{renders} does not exist; name a folder of renders or an animation")
    start = renders.resolve()
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            return folder / FILE
    raise PremisesError(
        f"{renders} may not be learnt from: there is no {FILE} in it or above it; "
        f"have the owner's leave recorded there ({', '.join(_FIELDS)}; docs/premises.md shows one)"
    )


def is_store(folder: Path) -> bool:
    """Whether a folder is a training store, which keeps the permissions of its shots itself."""
    return (folder / "shots").is_dir() and (folder / "permissions").is_dir()


def read(file: Path) -> Permission:
    """Raises `PremisesError` for a permission that is not complete; whether it holds today is `require`'s question."""
    try:
        data = file.read_bytes()
        values: Any = json.loads(data)
    except (OSError, ValueError) as error:
        raise PremisesError(f"{file} cannot be read as JSON ({error}); write it anew") from error
    missing = [name for name in _FIELDS if not isinstance(values, dict) or not values.get(name)]
    if missing:
        raise PremisesError(f"{file} lacks {', '.join(missing)}; a permission names {', '.join(_FIELDS)}")
    return Permission(
        show=_name(file, values["show"]),
        owner=str(values["owner"]),
        approver=str(values["approver"]),
        scope=_scope(file, values["scope"]),
        start=_date(file, values, "start"),
        finish=_date(file, values, "finish"),
        sha256=hashlib.sha256(data).hexdigest(),
    )


def require(permission: Permission, purpose: str, today: date) -> None:
    """Raise `PremisesError` unless the permission covers `purpose` today."""
    whose = f"the permission of {permission.owner} for show {permission.show}"
    if purpose not in permission.scope:
        raise PremisesError(
            f"{whose} covers {', '.join(permission.scope)} but not {purpose}; ask {permission.approver} to extend it"
        )
    if today < permission.start:
        raise PremisesError(f"{whose} begins on {permission.start}; wait until then or ask {permission.approver}")
    if today > permission.finish:
        raise PremisesError(f"{whose} ended on {permission.finish}; ask {permission.approver} to renew it")


def _name(file: Path, show: Any) -> str:
    """Shows are folders in the store, so their names are file names."""
    if not isinstance(show, str) or show.startswith(".") or any(c in show for c in '/\\:*?"<>|\0'):
        raise PremisesError(f"{file}: show is {show!r}; use a name that can be a folder's")
    return show


def _scope(file: Path, scope: Any) -> tuple[str, ...]:
    if not isinstance(scope, list) or not set(scope) <= set(SCOPES):
        raise PremisesError(f"{file}: scope is {scope!r}; it must be a list of {', '.join(SCOPES)}")
    return tuple(scope)


def _date(file: Path, values: dict[str, Any], name: str) -> date:
    try:
        return date.fromisoformat(values[name])
    except (TypeError, ValueError) as error:
        raise PremisesError(f"{file}: {name} is {values[name]!r}; write it as 2026-12-31") from error
