"""What the pictures depend on, stated once: flags, knobs, panels and job files are all made from `Settings`.

A field carries its own help, limits and unit (`option`), so that every host shows the same words and the
default stands in one place.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from inbetween.core import timing
from inbetween.core.errors import SettingsError

T = TypeVar("T")


def option(
    default: Any,
    help: str,  # noqa: A002 - the word every option library uses
    *,
    choices: tuple[str, ...] = (),
    minimum: float | None = None,
    maximum: float | None = None,
    unit: str = "",
    shape: str = "",
    pixels: bool = True,
) -> Any:
    """Declare a field of a settings dataclass.

    `help` is one sentence that ends with the advice; `unit` is shown after the value, and `shape` in its place
    where it is asked for in one word, as FILE. `pixels` says whether the picture depends on the value: only such fields
    enter the `fingerprint`, so changing another one never makes a finished frame stale.
    """
    return field(
        default=default,
        metadata={
            "help": help,
            "choices": choices,
            "minimum": minimum,
            "maximum": maximum,
            "unit": unit,
            "shape": shape,
            "pixels": pixels,
        },
    )


@dataclass(frozen=True)
class Settings:
    """How in-betweens are made. Immutable; raises `SettingsError` when a value is out of bounds."""

    model: str = option(
        "motion", "Model that draws the in-betweens: a name from `inbetween models`, or a weights file."
    )
    scheme: str = option(
        "auto",
        "How the gap is filled: triads halve it again and again, direct asks for each time at once; "
        "auto takes what measured better for the model.",
        choices=("auto", "triads", "direct"),
    )
    clamp: str = option(
        "off",
        "Clean-up after the network: binary pushes near-black and near-white home, palette snaps pixels to the "
        "keys' own flat colours, of which it knows up to 64. Leave off for anything soft.",
        choices=("off", "binary", "palette"),
    )
    theta: float = option(0.3, "Threshold of the binary clamp, of what the model sees.", minimum=0.0, maximum=1.0)
    epsilon: float = option(
        0.1,
        "Half-width of the band around theta that the binary clamp leaves alone, and reach of the palette clamp.",
        minimum=0.0,
        maximum=1.0,
    )
    kmeans: int = option(
        0,
        "Reduce each in-between to this many colours (k-means++); 0 leaves it alone, 2 or 3 suits line art.",
        minimum=0,
        maximum=64,
    )
    timing: str = option(
        "linear",
        "Spacing of the in-betweens: linear, ease-in (starts slowly), ease-out (arrives slowly), ease-in-out, or a "
        "timing chart: rising fractions from 0 to 1, one for each drawing of the gap, separated by commas. Behind a "
        "key's number it is for the gap alone that begins there, as in 'ease-in-out 9:0.2,0.5,0.8'; what stands first, "
        "without a number, is for all others, which else are linear.",
    )
    path: str = option(
        "auto",
        "How things get from key to key: straight; on an arc, bent through the keys around the gap; or smooth, an arc "
        "on which they keep their speed across a key as well. Auto is smooth for linear timing, arc for any other, and "
        "straight for models that see two keys only.",
        choices=("auto", "straight", "arc", "smooth"),
    )
    on: int = option(
        1,
        "Hold each drawing for this many frames: 1 is on ones, 2 on twos, 3 on threes.",
        minimum=1,
        maximum=24,
        unit="frames",
    )
    cut_threshold: float = option(
        0.75,
        "Keys that differ more than this are taken for a cut and the first is held; 1 never sees a cut.",
        minimum=0.0,
        maximum=1.0,
    )
    working_space: str = option(
        "auto",
        "What the pixel values are: linear is scene-linear light (EXR), display is encoded for a screen (PNG); "
        "auto decides by file type and colour-space tag.",
        choices=("auto", "linear", "display"),
    )
    device: str = option(
        "auto",
        "Where the model runs; auto takes CUDA where it works and says which it took.",
        choices=("auto", "cpu", "cuda"),
        pixels=False,
    )
    engine: str = option(
        "auto",
        "What runs the model; auto takes ONNX Runtime.",
        choices=("auto", "onnxruntime", "torch"),
        pixels=False,
    )
    memory: int = option(
        2048,
        "Memory for the frames that a model is asked for at once, which are fewer the less it is, but always one; the "
        "keys and what the model needs to draw come on top.",
        minimum=128,
        unit="MiB",
        pixels=False,
    )

    def __post_init__(self) -> None:
        check(self)
        timing.by_key(self.timing)


def check(settings: Any) -> None:
    """Hold every field of a settings dataclass against its declared type, choices and bounds.

    A whole number for a real one becomes that. Raises `SettingsError` with the setting, the value and what is allowed.
    """
    hints = get_type_hints(type(settings))
    for item in fields(settings):
        value, meta = getattr(settings, item.name), item.metadata
        allowed = get_args(hints[item.name]) or (hints[item.name],)
        kinds = tuple(get_origin(kind) or kind for kind in allowed)
        whole_for_real = float in kinds and int not in kinds and type(value) is int
        if not (isinstance(value, kinds) or whole_for_real) or (type(value) is bool and bool not in kinds):
            names = " or ".join(kind.__name__ for kind in kinds)
            raise SettingsError(f"{item.name} must be {names}, not {value!r}")
        if whole_for_real:
            object.__setattr__(settings, item.name, float(value))  # as JSON may say it: equal settings, equal files
        if value is None or "choices" not in meta:
            continue
        if meta["choices"] and value not in meta["choices"]:
            raise SettingsError(f"{item.name} is {value!r}; choose one of {', '.join(meta['choices'])}")
        low, high = meta["minimum"], meta["maximum"]
        if (low is not None and not value >= low) or (high is not None and not value <= high):
            span = f"at least {low}" if high is None else f"between {low} and {high}"
            raise SettingsError(f"{item.name} is {value!r}; it must be {span}")


def from_mapping(kind: type[T], values: Mapping[str, Any]) -> T:
    """Build a settings dataclass from a job file's or a host's plain values.

    Raises `SettingsError` for an unknown name, naming the known ones.
    """
    known = [item.name for item in fields(kind)]  # type: ignore[arg-type] # T is a dataclass by contract
    for name in values:
        if name not in known:
            raise SettingsError(f"unknown setting {name!r}; known are {', '.join(known)}")
    return kind(**values)


def describe(kind: type[Any]) -> list[dict[str, Any]]:
    """The `option` fields of a settings dataclass as plain values (JSON-ready), for panels, knobs and documentation.

    Each has name, type (str, int, float, bool), default, help, choices, minimum, maximum, unit, shape and pixels.
    """
    hints = get_type_hints(kind)
    rows = []
    for item in (each for each in fields(kind) if "help" in each.metadata):
        kinds = [k for k in get_args(hints[item.name]) or (hints[item.name],) if k is not type(None)]
        rows.append({"name": item.name, "type": kinds[0].__name__, "default": item.default, **item.metadata})
    return rows


def for_gap(settings: Settings, key: int) -> Settings:
    """The settings of the gap that begins at a key: the timing of others is none of its concern."""
    return replace(settings, timing=timing.of_gap(settings.timing, key))


def fingerprint(settings: Any) -> str:
    """A sha256 (hex) over every field the picture depends on; equal settings give equal fingerprints anywhere."""
    chosen = {item.name for item in fields(settings) if item.metadata.get("pixels", True)}
    values = {name: value for name, value in asdict(settings).items() if name in chosen}
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
