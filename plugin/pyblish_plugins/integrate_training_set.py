"""The sequence goes into the training store."""

from typing import ClassVar

from pyblish import api

from inbetween import intake
from inbetween.models.training.rules import Rules


class IntegrateTrainingSet(api.InstancePlugin):  # type: ignore[misc] # Pyblish has no types
    """Curated and split like any other footage; frames that this tool drew are not learnt from."""

    order = api.IntegratorOrder
    label = "Training store"
    families: ClassVar = ["inbetween.sequence"]

    def process(self, instance: api.Instance) -> None:
        sequence = instance.data["sequence"]
        renders, store = sequence.folder / sequence.pattern, instance.data["store"]
        instance.data["intake"] = intake.take_in(renders, store, "fine-tune", Rules(), strict=True, say=self.log.info)
