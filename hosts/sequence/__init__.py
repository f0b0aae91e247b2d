"""Files on disk: a frame sequence with gaps in, the whole sequence out."""
