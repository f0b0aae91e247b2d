"""Learning on the premises: with the owner's leave, cut off the network, and on the record."""
