#!/usr/bin/env python3
"""Writes two random matrices of 4096 x 4096 f32 in [-1, 1): a.f32 and b.f32, 64 MiB each."""

import array
import random

SIZE = 4096

for name, seed in (("a.f32", 1), ("b.f32", 2)):
    numbers = random.Random(seed)
    with open(name, "wb") as file:
        for _ in range(SIZE):
            file.write(array.array("f", (numbers.random() * 2 - 1 for _ in range(SIZE))).tobytes())
