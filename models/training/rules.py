"""What footage is fit to learn from, as settings. Imports nothing heavy: read before a command cuts itself off."""

from dataclasses import dataclass

from inbetween.core.settings import check, option


@dataclass(frozen=True)
class Rules:
    """Which frames make a shot. Immutable; raises `SettingsError` when a value is out of bounds."""

    cut: float = option(
        0.9,
        "Neighbouring frames that differ more than this belong to different shots; 1 never cuts.",
        minimum=0.0,
        maximum=1.0,
    )
    hold: float = option(
        2.5 / 255,
        "A frame whose values all lie within this of the drawing before is that drawing held; raise it for video.",
        minimum=0.0,
        maximum=1.0,
    )
    still: float = option(
        0.001,
        "A shot whose temporal variance per pixel is at most this is static and left out; lower it for small details.",
        minimum=0.0,
    )
    size: int = option(
        512, "Longer side that vector animations (Lottie) are drawn at.", minimum=32, maximum=4096, unit="px"
    )

    def __post_init__(self) -> None:
        check(self)
