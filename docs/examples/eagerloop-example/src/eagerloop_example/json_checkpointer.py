"""A checkpointer: one JSON file that any editor can open."""

from pathlib import Path


class JsonCheckpointer:
    """Writes plain numbers. The decimal form of a float is long enough to give the same bits back."""

    def write(self, directory: Path, state):
        """Writes every variable. eagerloop makes the directory safe against crashes."""
        import json

        values = {name: variable.numpy().tolist() for name, variable in state.items()}
        (directory / "variables.json").write_text(json.dumps(values, indent=1), encoding="utf-8")

    def read(self, directory: Path, state):
        """Assigns every variable. eagerloop has compared names, shapes and dtypes before."""
        import json

        import numpy as np

        values = json.loads((directory / "variables.json").read_text(encoding="utf-8"))
        for name, variable in state.items():
            value = np.array(values[name], variable.dtype.as_numpy_dtype)
            variable.assign(value.reshape(variable.shape))  # a list cannot tell the shape (0, 3) from (0,)


def json():
    """One JSON file, for small models and curious people."""
    return JsonCheckpointer()
