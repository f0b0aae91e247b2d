"""The owner lets models learn from these frames."""

from datetime import date
from typing import ClassVar

from pyblish import api

from inbetween.premises import permission


class ValidateRights(api.InstancePlugin):  # type: ignore[misc] # Pyblish has no types
    """A permission.json beside the frames, or above them, covers fine-tuning today."""

    order = api.ValidatorOrder + 0.2
    label = "Leave to learn"
    families: ClassVar = ["inbetween.sequence"]

    def process(self, instance: api.Instance) -> None:
        leave = permission.read(permission.find(instance.data["sequence"].folder))
        permission.require(leave, "fine-tune", date.today())
        instance.data["permission"] = leave
