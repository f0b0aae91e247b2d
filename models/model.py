"""A model: what it can do, known before it is loaded; and one that is ready to draw, by what and with which network."""

from collections.abc import Callable
from dataclasses import dataclass

from inbetween.core.channels import Channels
from inbetween.core.errors import SettingsError
from inbetween.core.network import Network
from inbetween.core.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Abilities:
    """What a model can be asked for, on whatever machine and engine it runs."""

    name: str
    scheme: str
    """What `auto` means for it, "triads" or "direct": the one that measured better."""
    knows_time: bool
    """Whether it heeds t; one that does not draws only the middle."""
    knows_path: bool = False
    """Whether its networks heed the keys beyond a pair (`core.network.PathNetwork`)."""
    knows_marks: bool = False
    """Whether they heed what an artist marks on the keys as well (`core.network.Mark`)."""
    knows_vectors: bool = False
    """Whether they tell how things move from frame to frame (`core.network.VectorNetwork`)."""

    def scheme_for(self, settings: Settings) -> str:
        """How it is asked: "triads" or "direct".

        Raises `SettingsError` where it is to be asked for each time at once and draws only the middle.
        """
        if settings.scheme == "direct" and not self.knows_time:
            raise SettingsError(
                f"scheme is 'direct', but {self.name} draws only the middle of two frames; choose triads"
            )
        return self.scheme if settings.scheme == "auto" else settings.scheme

    def path_for(self, settings: Settings) -> str:
        """How it leads things from key to key: "straight", "arc" or "smooth".

        Raises `SettingsError` where a curve is asked for that it cannot draw: halves of a gap have no keys beyond; and
        as `scheme_for` does.
        """
        able = self.scheme_for(settings) == "direct" and self.knows_path
        if settings.path == "auto":
            return "straight" if not able else "smooth" if settings.timing == "linear" else "arc"
        if settings.path != "straight" and not able:
            sees = "in triads it sees two keys only" if self.knows_path else f"{self.name} sees two keys only"
            raise SettingsError(f"path is {settings.path!r}, but {sees}; choose straight, or a model that moves pixels")
        return settings.path

    def refuse_marks(self, settings: Settings) -> None:
        """Raise `SettingsError` where it heeds no marks: halves of a gap have none; and as `scheme_for` does."""
        if not self.knows_marks:
            raise SettingsError(f"{self.name} does not heed marks; choose motion, or leave marks out")
        if self.scheme_for(settings) != "direct":
            raise SettingsError("marks are not heeded in triads; choose scheme direct, or leave marks out")

    def refuse_motion_vectors(self, settings: Settings) -> None:
        """Raise `SettingsError` where it is not asked for each frame of keys that were moved to its time already."""
        if self.scheme_for(settings) != "direct":
            raise SettingsError(
                f"motion vectors say where everything is at each frame, but {self.name} is asked for halves of a gap; "
                "choose a model and scheme that draw each frame directly, or leave motion_vectors out"
            )

    def refuse_vectors(self, settings: Settings) -> None:
        """Raise `SettingsError` where it cannot tell how things move; and as `scheme_for` does."""
        if not self.knows_vectors:
            raise SettingsError(
                f"{self.name} moves no pixels, so it cannot tell vectors; choose motion or flow, or leave vectors out"
            )
        if self.scheme_for(settings) != "direct":
            raise SettingsError("vectors are not known in triads; choose scheme direct, or leave vectors out")


@dataclass(frozen=True, kw_only=True)
class Model(Abilities):
    """A loaded model. Everything but `network` is plain text for logs, provenance and tables."""

    version: str
    algorithm: int
    """The `ALGORITHM` beside its code: raised whenever that draws other pictures with the same weights."""
    licence: str
    """SPDX identifier of the weights; of the code where a model has none."""
    weights_sha256: str | None
    """Of the files that were loaded (`card.identity`); None where a model has no weights."""
    learnt_sha256: str | None
    """Of what it learnt, whichever of its files were loaded (`card.learnt`); None where a model has no weights."""
    engine: str
    """What really runs it, as the engine itself reports it: "onnxruntime CPUExecutionProvider"."""
    network: Callable[[Channels, str], Network]
    """Called with the layout and the working space ("linear" or "display") of the frames it will get."""
