"""Reading a CSV file of numbers: the engine's tables beside PyArrow's reader, whole and block by block.

    python benchmarks/csv_readers.py [--rows 1000000] [--rounds 3] [--missing 0.05] [--json]

The file is that of `csv_epoch.py`. A contestant is a process of its own, in turns; its time is from the path to float64 numbers
in memory, a column each, `import` not. Blocks are of 4 MB in both. PyArrow has two threads, as it takes by itself on two cores.
"""

import argparse
import json
import resource
import statistics
import tempfile
import time
from pathlib import Path

from csv_epoch import in_turns, write

CONTESTANTS = ("eagerloop, whole", "eagerloop, in blocks", "PyArrow, whole", "PyArrow, in blocks")
BLOCK = 1 << 22


def ours(path, whole):
    """The sum of all numbers, so that nothing is left out; read by the engine."""
    import numpy as np

    from eagerloop.tables import read_blocks, read_table

    tables = [read_table(path)] if whole else read_blocks(path)
    return sum(float(np.nansum(table.values(name, "float64"))) for table in tables for name in table.names)


def theirs(path, whole):
    """The same by PyArrow."""
    import numpy as np
    from pyarrow import csv

    blocks = [csv.read_csv(path)] if whole else csv.open_csv(path, csv.ReadOptions(block_size=BLOCK))
    columns = (block.column(place) for block in blocks for place in range(block.num_columns))
    return sum(float(np.nansum(column.to_numpy(**({} if whole else {"zero_copy_only": False})))) for column in columns)


def contest(name, path):
    """Runs one contestant in this process and prints its figures."""
    import numpy as np

    import eagerloop.tables

    assert eagerloop.tables.read_table
    if name.startswith("PyArrow"):
        from pyarrow import csv

        assert csv
    assert np
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin, used = time.perf_counter(), time.process_time()
    total = (ours if name.startswith("eagerloop") else theirs)(path, name.endswith("whole"))
    seconds, processor = time.perf_counter() - begin, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"seconds": seconds, "processor": processor, "total": total, "megabytes": round((peak - before) / 1e3)}))


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--missing", type=float, default=0.05)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--contestant", choices=CONTESTANTS)
    parser.add_argument("--path", type=Path)
    arguments = parser.parse_args()
    if arguments.contestant:
        contest(arguments.contestant, arguments.path)
        return
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "rows.csv"
        write(path, arguments.rows, arguments.missing)
        figures = in_turns(__file__, dict.fromkeys(CONTESTANTS, path), arguments.rounds)
    totals = [row["total"] for rows in figures.values() for row in rows]
    assert max(totals) - min(totals) < 1e-6 * abs(max(totals)), totals  # blocks are added up in another order
    table = [
        {"reader": name, **{key: statistics.median(row[key] for row in rows) for key in ("seconds", "processor", "megabytes")}}
        for name, rows in figures.items()
    ]
    if arguments.json:
        print(json.dumps(table, indent=1))
        return
    for row in table:
        print(
            f"{row['reader']:24} {row['seconds']:6.2f} s   {row['processor']:6.2f} s of processors   {row['megabytes']:5.0f} MB"
        )


if __name__ == "__main__":
    main()
