"""What a disk may hold after the power went: rebuilt from the journal that powerfail.so kept of every write, truncation and fsync.
Everything before a file's last fsync is there; of what came after, any part may be: none, a random half, torn at 512 bytes."""
import os
import struct

HEAD = struct.Struct("<IIIIQQQQ")  # magic, type (1 write, 2 fsync, 3 truncate), path length, flags, offset, old size, old length, new length
MAGIC = 0x50464C31
WRITE, SYNC, TRUNCATE = 1, 2, 3


def load(journal):
    data = open(journal, "rb").read()
    at, files = 0, {}
    while at + HEAD.size <= len(data):
        magic, kind, path_n, flags, offset, old_size, old_n, new_n = HEAD.unpack_from(data, at)
        assert magic == MAGIC, "the journal is damaged"
        at += HEAD.size
        path = data[at:at + path_n].decode()
        at += path_n
        old = data[at:at + old_n]
        at += old_n
        new = b""
        if kind == WRITE:
            new = data[at:at + new_n]
            at += new_n
            if len(new) < new_n:
                break  # killed while writing the journal
        files.setdefault(path, []).append((kind, flags, offset, old_size, old, new_n, new))
    return files


def kept(record, mode, rng):
    """What of an unsynced write reached the disk: its bytes, or None."""
    _, flags, _, _, _, _, new = record
    if not flags and mode == "none":
        return None
    if not flags and rng.random() < 0.5:
        return None
    if mode == "torn" and not flags and len(new) > 512 and rng.random() < 0.3:
        return new[:512 * rng.randrange(1, len(new) // 512 + 1)]
    return new


def apply(journal, mode, rng):
    """Rewrites the files as a power cut might have left them. Returns how many writes were lost."""
    lost = 0
    for path, records in load(journal).items():
        if not os.path.exists(path):
            continue
        last = max((i for i, r in enumerate(records) if r[0] == SYNC), default=-1)
        tail = [r for r in records[last + 1:] if r[0] != SYNC]
        with open(path, "r+b") as f:
            for _, _, offset, old_size, old, _, _ in reversed(tail):
                f.seek(offset)
                f.write(old)
                f.truncate(old_size)
            for r in tail:
                new = kept(r, mode, rng)
                if new is None:
                    lost += 1
                elif r[0] == TRUNCATE:
                    f.truncate(r[2])
                else:
                    f.seek(r[2])
                    f.write(new)
    return lost
