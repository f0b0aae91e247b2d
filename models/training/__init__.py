"""Training: clips in, weights and a card out."""
