"""A list of every frame, its hash, and who drew it."""

from typing import ClassVar

from pyblish import api

from inbetween import publishing


class ExtractManifest(api.InstancePlugin):  # type: ignore[misc] # Pyblish has no types
    """Writes SHOW/SEQUENCE.json into the store's `publishes`, for those who ask later what was taken in."""

    order = api.ExtractorOrder
    label = "Manifest"
    families: ClassVar = ["inbetween.sequence"]

    def process(self, instance: api.Instance) -> None:
        leave = instance.data["permission"]
        values = {**publishing.manifest(instance.data["sequence"]), "permission": leave.sha256}
        file = instance.data["store"] / "publishes" / leave.show / f"{instance.data['name']}.json"
        publishing.write_manifest(values, file)
        instance.data["manifest"] = file
