"""Several processes, on one machine or several, that train one run."""
