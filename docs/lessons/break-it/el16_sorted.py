"""EL16: the training rows come in the order of their targets."""

import numpy as np

import eagerloop


def dataset(*, shuffle: bool = False, seed: int = 0):
    """Points on a line with noise, with a mistake: they are sorted by y, and stay so."""
    random = np.random.default_rng(seed)
    x = random.uniform(0, 1, (150, 1))
    y = 3 * x + 0.1 * random.normal(size=x.shape)
    test, order = (x[:30], y[:30]), 30 + np.argsort(y[30:, 0])
    return eagerloop.ArrayDataset((x[order], y[order]), test, task="regression", shuffle=shuffle, seed=seed)


def fixed(*, seed: int = 0):
    """The same rows, in another order in each epoch."""
    return dataset(shuffle=True, seed=seed)
