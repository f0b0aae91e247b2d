"""Every sequence in the folder that is published becomes an instance."""

from pathlib import Path

from pyblish import api

from inbetween.hosts.sequence import names


class CollectSequences(api.ContextPlugin):  # type: ignore[misc] # Pyblish has no types
    """Reads `context.data`: `source` (folder or pattern), `store`, and `keys`, the folder of keys, or None."""

    order = api.CollectorOrder
    label = "Sequences"

    def process(self, context: api.Context) -> None:
        sequences, _ = names.find(str(context.data["source"]))
        for sequence in sequences:
            instance = context.create_instance(sequence.pattern, family="inbetween.sequence")
            instance.data["sequence"] = sequence
            instance.data["store"] = Path(context.data["store"])
            instance.data["keys"] = context.data.get("keys")
