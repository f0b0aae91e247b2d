"""Bouncing Balls: equal balls in a box that exchange their speed when they meet.

By the published rule (Sutskever, Hinton and Taylor 2008, "The recurrent temporal restricted Boltzmann machine"): a box
of 10 x 10, two or three balls of radius 1.2, elastic walls and collisions. Unlike the digits of Moving MNIST they are
solid, so what a ball does depends on the others.
"""

import numpy as np

BOX, RADIUS = 10.0, 1.2
"""Side of the square that the balls are in, and their radius, in its unit."""
STEP = 0.5
"""Of a frame: each frame is two steps."""
SPEED = 0.5
"""Norm of all velocities of a sequence together."""


def paths(rng: np.random.Generator, frames: int, balls: int = 2) -> np.ndarray:
    """Centres (x, y) of `balls` over time: float (frames, balls, 2), the first as they were placed."""
    velocity = rng.standard_normal((balls, 2))
    velocity *= SPEED / np.linalg.norm(velocity)
    place = _placed(rng, balls)
    stored = np.empty((frames, balls, 2))
    for frame in range(frames):
        stored[frame] = place
        for _ in range(round(1 / STEP)):
            place = place + STEP * velocity
            velocity = np.where(place < RADIUS, np.abs(velocity), velocity)
            velocity = np.where(place > BOX - RADIUS, -np.abs(velocity), velocity)
            velocity = _after_collisions(place, velocity)
    return stored


def draw(centres: np.ndarray, side: int) -> np.ndarray:
    """Soft discs at centres (frames, balls, 2): float32 (frames, side, side, 1), 0 to 1."""
    middle = (np.arange(side) + 0.5) * (BOX / side)
    x, y = np.meshgrid(middle, middle)
    away = (x - centres[..., 0, None, None]) ** 2 + (y - centres[..., 1, None, None]) ** 2
    discs = np.exp(-((away / RADIUS**2) ** 4))
    frames: np.ndarray = np.minimum(discs.sum(1), 1).astype(np.float32)
    return frames[..., None]


def sequences(rng: np.random.Generator, count: int, frames: int = 20, side: int = 64, balls: int = 2) -> np.ndarray:
    """`count` sequences, float32 (count, frames, side, side, 1), 0 to 1."""
    return np.stack([draw(paths(rng, frames, balls), side) for _ in range(count)])


def _placed(rng: np.random.Generator, balls: int) -> np.ndarray:
    """Places drawn again until all balls are inside and none touches another."""
    while True:
        place = 2 + 8 * rng.random((balls, 2))
        inside = (place >= RADIUS).all() and (place <= BOX - RADIUS).all()
        first, second = np.triu_indices(balls, 1)
        if inside and (np.linalg.norm(place[first] - place[second], axis=-1) >= 2 * RADIUS).all():
            return place


def _after_collisions(place: np.ndarray, velocity: np.ndarray) -> np.ndarray:
    """Balls that touch exchange their speeds along the line of their centres."""
    velocity = velocity.copy()
    for i, j in zip(*np.triu_indices(len(place), 1), strict=True):
        apart = place[i] - place[j]
        distance = np.linalg.norm(apart)
        if 0 < distance < 2 * RADIUS:
            line = apart / distance
            exchanged = line * np.dot(velocity[i] - velocity[j], line)
            velocity[i] -= exchanged
            velocity[j] += exchanged
    return velocity
