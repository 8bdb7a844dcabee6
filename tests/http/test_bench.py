"""inlay bench: what it prints is what stands in the texts, whatever the kernel."""
import json
import struct

import pytest

from conftest import run

MASK = (1 << 64) - 1
PHRASES = ["face mask", "mask", "面膜", "补水面膜", "wh 1000xm5", "café noir", "nowhere"]
TEXTS = ["A Face-Mask, face mask and a FACE, mask.", "补水面膜和面膜 WH-1000XM5", "", "the cafe noir / masks"]
# By text: (phrase, overlapping), and those that are left of the leftmost longest.
ALL = [[0, 1, 0, 1, 1], [3, 2, 2, 4], [], [5]]
LONGEST = [[0, 0, 1], [3, 2, 4], [], [5]]


def mix(x):
    x ^= x >> 33
    x = x * 0xff51afd7ed558ccd & MASK
    x ^= x >> 33
    x = x * 0xc4ceb9fe1a85ec53 & MASK
    return x ^ x >> 33


def told(found):
    pairs = [(i, p) for i, phrases in enumerate(found) for p in phrases]
    return {"count": len(pairs), "checksum": f"{sum(mix(i << 32 | p) for i, p in pairs) & MASK:016x}"}


@pytest.fixture
def files(tmp_path):
    (tmp_path / "phrases").write_text("\n".join(PHRASES) + "\n", encoding="utf8")
    (tmp_path / "texts").write_bytes(b"".join(struct.pack("<I", len(t.encode())) + t.encode() for t in TEXTS))
    return ["--phrases", tmp_path / "phrases", "--texts", tmp_path / "texts"]


@pytest.mark.parametrize("kernel", ["plain", "avx2", "avx512"])
def test_scan_tells_what_stands_there(files, kernel):
    done = run("bench", "scan", *files, "--rounds", "2", "--kernel", kernel)
    if done.returncode == 2 and "cannot run" in done.stderr:
        pytest.skip(f"this machine cannot run {kernel}")
    got = json.loads(done.stdout)
    assert (got["kernel"], got["phrases"], got["phrases_left_out"], got["texts"]) == (kernel, len(PHRASES), 0, len(TEXTS))
    assert got["overlapping"] == told(ALL) and got["leftmost_longest"] == told(LONGEST)
    assert set(got["ns_per_text"]) == {"memcpy", "classify", "tokenise", "scan", "scan_report"} and got["bytes_a_phrase"] > 0


def test_scan_takes_several_files_and_fewer_phrases(files):
    done = run("bench", "scan", *files, *files[2:], "--limit", "1", "--rounds", "1", check=0)
    first, second = [json.loads(line) for line in done.stdout.splitlines()]
    assert first["phrases"] == 1 and first["overlapping"] == second["overlapping"] == told([[0, 0], [], [], []])


@pytest.mark.parametrize("change", [lambda a: a[:2], lambda a: a[2:], lambda a: [*a, "--kernel", "fast"], lambda a: [*a, "--rounds", "0"]])
def test_scan_used_wrongly(files, change):
    assert run("bench", "scan", *change(files), check=2).stderr


def test_texts_cut_short(files, tmp_path):
    (tmp_path / "texts").write_bytes(struct.pack("<I", 100) + b"short")
    assert "cut short" in run("bench", "scan", *files, check=2).stderr
