"""Reads the blocks of a file, several at the same time."""

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import eagerloop


def ahead(blocks: Any) -> Iterator["eagerloop.tables.Table"]:
    """The tables in their order, read by as many threads as there are cores, no more than one a thread ahead."""
    workers = min(os.cpu_count() or 1, 8)
    with ThreadPoolExecutor(workers) as pool:
        waiting: deque[Future[Any]] = deque()
        for number in range(len(blocks)):
            waiting.append(pool.submit(blocks.__getitem__, number))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
