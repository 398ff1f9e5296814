"""The guide's model, compiled, against PyTorch with a DataLoader and Lightning, paired in one process.

    python benchmarks/pytorch.py [--rounds 7] [--json]

Needs `pip install torch==2.13.0 'lightning==2.6.*'`; what is absent is skipped aloud. Bars: at most 0.5 of PyTorch, 0.25 of
Lightning.
"""

import argparse
import importlib.util
import json
import logging
import os
import statistics
import tempfile
import warnings
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from compiled import engine, guide, measure

ROWS, BATCH = 1200, 10


def data():
    """1,200 rows as NumPy arrays."""
    random = np.random.default_rng(0)
    return random.normal(size=(ROWS, 3)).astype("float32"), random.normal(size=(ROWS, 1)).astype("float32")


def torch_parts(x, y):
    """Model, optimizer and DataLoader in PyTorch, as its tutorials write them."""
    import torch

    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(3, 32), torch.nn.Dropout(0.5), torch.nn.Linear(32, 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    dataset = torch.utils.data.TensorDataset(torch.from_numpy(x), torch.from_numpy(y))
    return model, optimizer, torch.utils.data.DataLoader(dataset, batch_size=BATCH)


def pytorch(x, y):
    """One epoch of a PyTorch loop a call."""
    import torch

    model, optimizer, loader = torch_parts(x, y)
    loss = torch.nn.MSELoss()
    model.train()

    def epoch() -> None:
        for features, targets in loader:
            optimizer.zero_grad()
            value = loss(model(features), targets)
            value.backward()
            optimizer.step()

    return epoch


def lightning(x, y):
    """Epochs of Lightning's Trainer, everything switched off that can be."""
    import lightning as pl
    import torch

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    model, optimizer, loader = torch_parts(x, y)

    class Guide(pl.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def training_step(self, batch, _index):
            features, targets = batch
            return torch.nn.functional.mse_loss(self.model(features), targets)

        def configure_optimizers(self):
            return optimizer

    module = Guide()

    def epochs() -> None:
        quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}
        pl.Trainer(max_epochs=EPOCHS, accelerator="cpu", **quiet).fit(module, loader)

    return epochs


EPOCHS = 10
"""Epochs of one call of Lightning's: its start is not what is measured."""


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    x, y = data()
    with tempfile.TemporaryDirectory() as scratch:
        made = {"eagerloop --compile": engine(guide, x, y, BATCH, "mse", Path(scratch) / "run")}
        for name, module, make in (("PyTorch, DataLoader", "torch", pytorch), ("Lightning", "lightning", lightning)):
            if importlib.util.find_spec(module) is None:
                print(f"skipped: {name}, because {module} is not installed")
                continue
            made[name] = make(x, y)
        times = measure(made, arguments.rounds)
    calls = {name: EPOCHS if name == "Lightning" else 1 for name in times}
    ours = times["eagerloop --compile"]
    rows = []
    for name, seconds in times.items():
        steps = [value / calls[name] / (ROWS // BATCH) for value in seconds]
        ratio = statistics.median(mine / (ROWS // BATCH) / other for mine, other in zip(ours, steps, strict=True))
        rows.append(
            {"loop": name, "microseconds a step": round(statistics.median(steps) * 1e6), "eagerloop is": round(ratio, 3)}
        )
    if arguments.json:
        print(json.dumps(rows, indent=1))
        return
    for row in rows:
        print(f"{row['loop']:24} {row['microseconds a step']:7} us a step   eagerloop is {row['eagerloop is']:.3f}")


if __name__ == "__main__":
    main()
