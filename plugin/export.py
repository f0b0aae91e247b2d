"""`inbetween export`: weights in the form another program runs."""

from collections.abc import Callable, Sequence
from pathlib import Path

from inbetween.console import DONE, Parser, answer, log_at, say
from inbetween.core.errors import SettingsError


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit code."""
    parser = Parser(
        "inbetween export",
        description="Turns trained weights (.safetensors with their card) into a graph that ONNX Runtime or Nuke runs.",
    )
    parser.add_argument("weights", metavar="WEIGHTS", help="a .safetensors file, or the name of a model")
    parser.add_argument("--format", choices=tuple(FORMATS), default="onnx", help="onnx: for this product's own default "
                        "engine; nuke: for Nuke's CatFileCreator [default onnx]")  # fmt: skip
    parser.add_argument(
        "--out",
        metavar="FOLDER",
        type=Path,
        help="folder to write to; an onnx always lies beside the weights "
        "[default for nuke: NAME_nuke beside the weights, or here for a model that ships]",
    )
    parser.add_argument("-v", "--verbose", action="count", default=0, help="Say more; twice for everything.")
    options = parser.parse_args(argv)
    log_at(options.verbose)
    return answer(lambda: _export(options.weights, options.format, options.out))


def _export(weights: str, kind: str, out: Path | None) -> int:
    from inbetween.models import registry

    file_named = registry.weights_of(weights) if weights in registry.MODELS else Path(weights)
    for file in FORMATS[kind](file_named, out):
        say(str(file))
    return DONE


def _onnx(weights: Path, out: Path | None) -> list[Path]:
    """NAME.onnx beside NAME.safetensors, and the card that knows it."""
    from inbetween.models import registry

    if weights.parent == registry.WEIGHTS:
        raise SettingsError(f"{weights.stem} comes with its graphs; name weights of your own (.safetensors)")
    if out is not None and out != weights.with_suffix(".onnx"):
        raise SettingsError(f"--out is {out}, but the graph belongs beside its weights and card; leave --out away")
    return registry.export(weights)


def _nuke(weights: Path, out: Path | None) -> list[Path]:
    """A folder with what Nuke's CatFileCreator and Inference take."""
    from inbetween.hosts.nuke import native
    from inbetween.models import registry

    folder = Path() if weights.parent == registry.WEIGHTS else weights.parent
    return native.export(weights, out or folder / f"{weights.stem}_nuke")


FORMATS: dict[str, Callable[[Path, Path | None], list[Path]]] = {"onnx": _onnx, "nuke": _nuke}
