#!/usr/bin/python3
"""pyahocorasick (python3-ahocorasick): see harness.h for what it is asked. Python does what C does there, which is most of its time."""
import json
import struct
import sys
import time

import ahocorasick

MASK = (1 << 64) - 1


def mix(x):
    x ^= x >> 33
    x = x * 0xff51afd7ed558ccd & MASK
    x ^= x >> 33
    x = x * 0xc4ceb9fe1a85ec53 & MASK
    return x ^ x >> 33


def texts(path):
    raw, out, i = open(path, "rb").read(), [], 0
    while i + 4 <= len(raw):
        n, = struct.unpack_from("<I", raw, i)
        out.append(raw[i + 4:i + 4 + n].decode())
        i += 4 + n
    return out


def word(c):
    return c.isascii() and c.isalnum() or "\x80" <= c < "\u0800"


def counts(t, s, e):
    return not (s > 0 and word(t[s - 1]) and word(t[s])) and not (e < len(t) and word(t[e - 1]) and word(t[e]))


def look(automaton, all_texts):
    count = total = longest = longest_sum = 0
    t = time.thread_time()
    for i, text in enumerate(all_texts):
        hits = []
        for last, (number, n) in automaton.iter(text):
            if counts(text, last + 1 - n, last + 1):
                hits.append((last + 1 - n, -last, number))
        end = 0
        for start, last, number in sorted(hits):
            total += mix(i << 32 | number)
            if start >= end:
                end = 1 - last
                longest += 1
                longest_sum += mix(i << 32 | number)
        count += len(hits)
    ns = (time.thread_time() - t) * 1e9 / len(all_texts)
    return {"ns_per_text": ns, "count": count, "sum": f"{total & MASK:016x}", "longest_count": longest,
            "longest_sum": f"{longest_sum & MASK:016x}"}


def main():
    automaton, t = ahocorasick.Automaton(), time.thread_time()
    for i, line in enumerate(open(sys.argv[1], encoding="utf8")):
        line = line.rstrip("\n")
        automaton.add_word(line, (i, len(line)))
    automaton.make_automaton()
    print(json.dumps({"build_seconds": time.thread_time() - t, "bytes": automaton.get_stats()["total_size"]}), flush=True)
    sets = [texts(f) for f in sys.argv[2:]]
    for line in sys.stdin:
        print(json.dumps(look(automaton, sets[int(line)])), flush=True)


if __name__ == "__main__":
    main()
