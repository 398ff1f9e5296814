"""Where batches come from: arrays, pairs and pipelines, each as a `Dataset`."""
