#!/usr/bin/env python3
"""Makes the data files from scikit-learn's digits, and measures what scikit-learn reaches on them.

Needs scikit-learn 1.9.1. Without arguments it compares with what is there; with --write it writes.
"""

import hashlib
import json
import pathlib
import sys

import numpy
import sklearn
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

FOLDER = pathlib.Path(__file__).parent
pixels, labels = load_digits(return_X_y=True)
train_x, test_x, train_y, test_y = train_test_split(
    pixels, labels, test_size=0.25, random_state=0, stratify=labels
)
model = LogisticRegression(C=1.0, max_iter=10_000, tol=1e-6).fit(train_x / 16, train_y)
files = {
    "train-pixels.u8": train_x.astype(numpy.uint8).tobytes(),
    "train-labels.u32": train_y.astype("<u4").tobytes(),
    "test-pixels.u8": test_x.astype(numpy.uint8).tobytes(),
    "test-labels.u32": test_y.astype("<u4").tobytes(),
}
expected = {
    "scikit_learn": sklearn.__version__,
    "train_samples": len(train_y),
    "test_samples": len(test_y),
    "test_accuracy": float(model.score(test_x / 16, test_y)),
    "train_accuracy": float(model.score(train_x / 16, train_y)),
    "sha256": {name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
}
files["expected.json"] = (json.dumps(expected, indent="\t") + "\n").encode()
for name, data in files.items():
    if "--write" in sys.argv:
        (FOLDER / name).write_bytes(data)
    elif (FOLDER / name).read_bytes() != data:
        sys.exit(f"{name} is not what scikit-learn {sklearn.__version__} gives")
print(json.dumps(expected, indent="\t"))
