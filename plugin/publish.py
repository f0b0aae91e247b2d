"""`inbetween publish DIR`: the Pyblish plug-ins without a host: check finished sequences, put them into the store."""

import argparse
import contextlib
import io
import logging
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from inbetween.console import DONE, FAILED, Parser, answer, complain, log_at, say
from inbetween.core.counted import counted
from inbetween.core.errors import InputError
from inbetween.core.extras import missing
from inbetween.data import STORE
from inbetween.hosts.sequence import names

PLUGINS = {
    "collect_sequences": "CollectSequences",
    "validate_frames": "ValidateFrames",
    "validate_plates": "ValidatePlates",
    "validate_keys": "ValidateKeys",
    "validate_provenance": "ValidateProvenance",
    "validate_rights": "ValidateRights",
    "extract_manifest": "ExtractManifest",
    "integrate_training_set": "IntegrateTrainingSet",
}
"""Module in `pyblish_plugins` -> the plug-in in it."""

EPILOGUE = """\
DIR needs a permission.json with the owner's leave, in it or above it (docs/premises.md). Nothing is taken into the
store unless every check has passed.

exit codes: 0 published, 1 a check failed, 2 wrong use or nothing to publish"""


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = Parser(
        "inbetween publish",
        description="Checks finished sequences and puts them into the training store.",
        epilog=EPILOGUE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("source", metavar="DIR", type=Path, help="folder of finished sequences, or a pattern")
    parser.add_argument("--keys", type=Path, help="The folder of keys that DIR was made from: they must be untouched.")
    parser.add_argument("--store", type=Path, default=Path(STORE), help=f"The training store. [default {STORE}]")
    parser.add_argument("-v", "--verbose", action="count", default=0, help="Say more; twice for everything.")
    options = parser.parse_args(argv)
    log_at(options.verbose)
    return answer(lambda: _run(options))


def _run(options: argparse.Namespace) -> int:
    if find_spec("pyblish") is None:
        raise InputError(missing("pyblish"))
    if options.keys is not None and not options.keys.is_dir():
        raise InputError(f"{options.keys} is no folder of keys; name the folder that DIR was made from")
    if not names.find(str(options.source))[0]:
        raise InputError(f"{options.source} holds no sequence; name a folder of numbered frames")
    context = publish(options.source, options.store, options.keys)
    results = context.data["results"]
    failed = [result for result in results if result["error"]]
    for result in failed:
        for line in str(result["error"]).splitlines():
            complain(f"{result['plugin'].label}: {line}")
    if failed:
        return FAILED
    for instance in context:
        taken = instance.data["intake"]
        added = counted(taken.added, "new shot")
        say(f"{instance.data['name']}: published, {added} of {taken.permission.show} in {options.store}")
    return DONE


def publish(source: Path, store: Path, keys: Path | None = None) -> Any:
    """Run the plug-ins over a folder; the Pyblish context, with a result for each plug-in and instance in `data`."""
    from pyblish import api, util

    root = logging.getLogger()
    for handler in root.handlers:  # Pyblish opens the root logger wide, for records of its own
        handler.setLevel(root.level)
    if root.level > logging.DEBUG:  # a check that fails is told in a sentence; Pyblish would log its traceback as well
        logging.getLogger("pyblish").setLevel(logging.CRITICAL)
    from inbetween.pyblish_plugins import strict

    context = api.Context()
    context.data.update(source=source, store=store, keys=keys)
    plugins = [getattr(import_module(f"inbetween.pyblish_plugins.{module}"), name) for module, name in PLUGINS.items()]
    before = api.registered_test()
    api.register_test(strict)
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # Pyblish prints every fault
            return util.publish(context, plugins)
    finally:
        api.register_test(before)
