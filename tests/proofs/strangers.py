"""Changes TensorFlow checkpoints as a stranger would, all checksums made anew: a value or one line, and the process goes on.

    python tests/proofs/strangers.py --count 1200

Half of the changes are bytes of the index's blocks, whose checksums are made right again. The others are entries of the index:
a type, a shape, a place, a length that no checkpointer has written, in a table that is whole. Without the look that the
checkpointer takes first, one in nine ends the process (`--unguarded`).
"""

import argparse
import os
import random
import shutil
import struct
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
import warm

from eagerloop_plugins.tf_files.table import read_table

INDEX, DATA = "variables.index", "variables.data-00000-of-00001"
FOOTER, MAGIC = 48, 0xDB4775248B80FB57
ODD = (-1, 0, 1, 2, 7, 255, 2**31, 2**40, 2**62, -(2**63), 2**63 - 1)


def checksum(data: bytes) -> int:
    """CRC-32C, masked as LevelDB masks it."""
    rest = 0xFFFFFFFF
    for byte in data:
        rest ^= byte
        for _bit in range(8):
            rest = rest >> 1 ^ (0x82F63B78 if rest & 1 else 0)
    rest ^= 0xFFFFFFFF
    return ((rest >> 15 | rest << 17) + 0xA282EAD8) & 0xFFFFFFFF


def varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first."""
    more = bytearray()
    while value > 127:
        more.append(value & 127 | 128)
        value >>= 7
    return bytes([*more, value])


def table(entries: list[tuple[bytes, bytes]]) -> bytes:
    """A table of one block in which every key is written in full."""

    def block(rows: list[tuple[bytes, bytes]]) -> bytes:
        body = b"".join(varint(0) + varint(len(key)) + varint(len(value)) + key + value for key, value in rows)
        return body + struct.pack("<II", 0, 1)

    def place(offset: int, content: bytes) -> bytes:
        return varint(offset) + varint(len(content))

    def signed(content: bytes) -> bytes:
        return content + b"\0" + struct.pack("<I", checksum(content + b"\0"))

    data, meta = block(entries), block([])
    index = block([(entries[-1][0] + b"\xff", place(0, data))])
    start = len(data) + 5
    footer = place(start, meta) + place(start + len(meta) + 5, index)
    return signed(data) + signed(meta) + signed(index) + footer.ljust(40, b"\0") + struct.pack("<Q", MAGIC)


def with_other_bytes(index: bytes, draw: random.Random) -> bytes:
    """A few bytes of its blocks, and their checksums; now and then of the footer."""
    from eagerloop_plugins.tf_files import table as known

    meta, blocks = known._footer(index)
    data = known.Handle(0, meta.offset - 5)
    changed = bytearray(index)
    for _ in range(draw.choice((1, 1, 1, 2, 4))):
        handle = draw.choice((data, data, blocks, meta))
        place = handle.offset + draw.randrange(handle.size)
        changed[place] = draw.choice((0, 255, 127, 128, changed[place] ^ 1 << draw.randrange(8)))
    for offset, size in (data, meta, blocks):
        struct.pack_into("<I", changed, offset + size + 1, checksum(bytes(changed[offset : offset + size + 1])))
    if draw.random() < 0.1:
        changed[len(index) - 1 - draw.randrange(FOOTER)] ^= 1 << draw.randrange(8)
    return bytes(changed)


def with_other_entries(index: bytes, draw: random.Random) -> bytes:
    """An entry or the header says something else; the table is whole."""
    from tensorflow.core.protobuf import tensor_bundle_pb2 as bundle

    entries = list(read_table(index))
    place = draw.randrange(len(entries))
    key, value = entries[place]
    told = bundle.BundleEntryProto() if key else bundle.BundleHeaderProto()
    told.ParseFromString(value)
    if key:
        _change(told, draw)
    else:
        told.num_shards = draw.choice((0, -1, 2, 2**31 - 1))
    entries[place] = key, told.SerializeToString()
    if draw.random() < 0.1:
        entries.pop(draw.randrange(len(entries)))
    return table(entries or [(b"", b"")])


def _change(entry: Any, draw: random.Random) -> None:
    kind = draw.choice(("dtype", "shape", "rank", "dimensions", "shard", "offset", "size", "slices", "crc"))
    if kind == "dtype":
        entry.dtype = draw.choice((0, 3, 7, 19, 20, 21, 23, 50, 101, 107))
    elif kind == "shape" and entry.shape.dim:
        draw.choice(entry.shape.dim).size = draw.choice(ODD)
    elif kind == "rank":
        entry.shape.unknown_rank = True
    elif kind == "dimensions":
        for _ in range(draw.choice((1, 2, 300))):
            entry.shape.dim.add().size = draw.choice((1, 0, -1, 2**40))
    elif kind == "shard":
        entry.shard_id = draw.choice((-1, 1, 2**31 - 1))
    elif kind == "slices":
        entry.slices.add().extent.add().start = draw.choice(ODD)
    elif kind == "crc":
        entry.crc32c ^= 1
    else:
        setattr(entry, kind if kind in ("offset", "size") else "size", draw.choice(ODD))


def prepare(directory: Path) -> None:
    """A checkpoint with numbers and strings, as the checkpointer writes it."""
    from eagerloop_plugins.checkpointer.tf import tf

    tf().write(directory, state())


def state() -> dict[str, Any]:
    """Variables as of a small model, and two of strings."""
    import tensorflow as tf

    return {
        "model/0000/dense/kernel": tf.Variable(tf.zeros((3, 4))),
        "model/0001/dense/bias": tf.Variable(tf.zeros((4,))),
        "model/0002/words": tf.Variable(["one", "", "three"]),
        "model/0003/word": tf.Variable("alone"),
        "optimizer/0000/iteration": tf.Variable(3, dtype=tf.int64),
    }


def read_changed(source: Path, first: int, count: int, progress: Path, *, guarded: bool) -> None:
    """Reads changed copies, and notes before each which it is and what came of the one before. In a child."""
    from eagerloop.errors import CheckpointError
    from eagerloop_plugins.checkpointer import tf as module

    if not guarded:
        module.check = lambda prefix: None
    variables, checkpointer, index = state(), module.tf(), (source / INDEX).read_bytes()
    copy = Path(shutil.copytree(source, progress.parent / "copy", dirs_exist_ok=True))
    for number in range(first, count):
        draw = random.Random(number)  # noqa: S311
        change = (with_other_bytes, with_other_entries)[number % 2]
        (copy / INDEX).write_bytes(change(index, draw))
        with progress.open("a") as file:
            file.write(f"{number} ")
        try:
            checkpointer.read(copy, variables)
            outcome = "read"
        except CheckpointError as error:
            outcome = "refused" if "\n" not in str(error) else f"FAULT more than a line: {error!r}"
        except Exception as error:  # noqa: BLE001 - exactly this must not happen
            outcome = f"FAULT {type(error).__name__}: {error}".replace("\n", " ")
        with progress.open("a") as file:
            file.write(f"{outcome}\n")


def read_again_and_again(directory: Path, count: int, *, guarded: bool = True) -> tuple[Counter[str], list[str]]:
    """Reads `count` changed checkpoints, in as many processes as that takes: outcomes, and what must not be."""
    source, progress, faults = directory / "source", directory / "progress.txt", []
    source.mkdir()
    progress.touch()
    assert warm.child(lambda: prepare(source), output=directory / "made.txt") == 0, (directory / "made.txt").read_text()
    done = 0
    while done < count:
        code = warm.child(
            lambda first=done: read_changed(source, first, count, progress, guarded=guarded),
            output=directory / "said.txt",
            limit=60 + count,
        )
        if code:
            said = (directory / "said.txt").read_text(errors="replace").strip().splitlines()
            with progress.open("a") as file:
                file.write(f"FAULT the process ended with {code}: {said[-1] if said else ''}\n")
        done = len(progress.read_text().splitlines())
    outcomes: Counter[str] = Counter()
    for line in progress.read_text().splitlines():
        number, outcome = line.split(" ", 1)
        outcomes[outcome.split(" ")[0]] += 1
        faults += [f"change {number}: {outcome}"] if outcome.startswith("FAULT") else []
    return outcomes, faults


def main() -> None:
    """Runs the changes and prints what came of them; exits with 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1200, help="how many changed checkpoints")
    parser.add_argument("--unguarded", action="store_true", help="as TensorFlow alone would read them")
    chosen = parser.parse_args()
    warm.warm_up()
    with tempfile.TemporaryDirectory(prefix="eagerloop-strangers-") as name:
        os.chdir(name)
        outcomes, faults = read_again_and_again(Path(name), chosen.count, guarded=not chosen.unguarded)
    for outcome, number in sorted(outcomes.items()):
        print(f"{number:6} {outcome}")
    for fault in faults:
        print(fault[:300], file=sys.stderr)
    print(f"{chosen.count} changes, {len(faults)} faults")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
