"""How a part is tried out: the batches, trials and disks that the checks use."""
