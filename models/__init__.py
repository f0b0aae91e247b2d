"""The networks, the engines that run them, their weights and their training."""
