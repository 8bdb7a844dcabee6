#!/usr/bin/python3
"""run.py BUILD: the scan beside Vectorscan, aho-corasick, pyahocorasick and RE2, all in one run.

All pinned to one core, in rounds: ours, a peer, ours, the next peer, ...; the times of a set of texts are medians of CPU time. A ratio is
printed only where both found the same: counts and checksums of all hits and of the leftmost longest. Ours reads raw texts; the peers get
them folded and separated already (canon.c). Not there, or too slow to build: said, and left out.

DATA=FOLDER with pat_*.txt and raw_*.bin (maybe .xz) instead of what generate.py makes. SIZES=10000,1000000 phrases; ROUNDS=5;
PEERS=vectorscan,aho; KERNELS=avx512,avx2; BUILD_SECONDS=900 for a peer.
"""
import json
import lzma
import os
import select
import shutil
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
SETS = ("en", "zh", "heavy", "free_en", "free_zh")
SIZES = [int(s) for s in os.environ.get("SIZES", "10000,100000,1000000").split(",")]
ROUNDS = int(os.environ.get("ROUNDS", "5"))
BUILD_SECONDS = int(os.environ.get("BUILD_SECONDS", "900"))
PEER_LIMIT = {"re2": 10000, "pyahocorasick": 1000000}
NO_RATIO = {"re2": "tells which, not where"}
RUST = "/usr/share/cargo/registry"


def sh(*command):
    return subprocess.run(command, capture_output=True, text=True)


def rustc(out, target):
    compiler = "/usr/bin/rustc" if os.path.exists("/usr/bin/rustc") else "rustc"
    base = [compiler, "-C", "opt-level=3", "-C", "target-cpu=native", "--cap-lints", "allow", "-L", out]
    crates = [("memchr", ["memchr_runtime_simd", "memchr_runtime_sse2", "memchr_runtime_sse42", "memchr_runtime_avx"]), ("aho_corasick", [])]
    for name, cfgs in crates:
        folder = [f for f in os.listdir(RUST) if f.startswith(name.replace("_", "-") + "-")] if os.path.isdir(RUST) else []
        if not folder:
            return sh("false")
        cfg = [x for c in cfgs + ['feature="std"'] for x in ("--cfg", c)]
        known = ["--extern", f"memchr={out}/libmemchr.rlib"] if name != "memchr" else []
        r = sh(*base, *known, "--edition", "2018", "--crate-type", "rlib", "--crate-name", name, *cfg, "--out-dir", out,
               f"{RUST}/{folder[0]}/src/lib.rs")
        if r.returncode:
            return r
    return sh(*base, "--extern", f"aho_corasick={out}/libaho_corasick.rlib", "--edition", "2021", "--crate-name", "aho", os.path.join(HERE, "aho.rs"), "-o", target)


def build_peers(out):
    """Name of each peer that can be built here, and its command."""
    os.makedirs(out, exist_ok=True)
    c, cxx = ["cc", "-O3", "-march=native"], ["c++", "-O3", "-march=native"]
    ways = {
        "vectorscan": lambda t: sh(*c, f"{HERE}/vectorscan.c", "-o", t, "-lhs"),
        "aho": lambda t: rustc(out, t),
        "pyahocorasick": lambda t: sh("/usr/bin/python3", "-c", "import ahocorasick"),
        "re2": lambda t: sh(*cxx, f"{HERE}/re2.cc", "-o", t, "-lre2"),
    }
    found = {}
    for name in os.environ.get("PEERS", ",".join(ways)).split(","):
        target = os.path.join(out, name)
        r = ways[name](target)
        if r.returncode:
            print(f"# {name}: cannot be built here ({(r.stderr.strip().splitlines() or ['its package is missing'])[-1][:120]})")
            continue
        found[name] = [target] if name != "pyahocorasick" else ["/usr/bin/python3", f"{HERE}/pyahocorasick.py"]
    return found


def unpack(source, target):
    for path, opener in ((source, open), (source + ".xz", lzma.open)):
        if os.path.exists(path):
            with opener(path, "rb") as a, open(target, "wb") as b:
                shutil.copyfileobj(a, b)
            return True
    return False


def prepare(data, build):
    """Phrases and texts in `data`; the sets that are there."""
    os.makedirs(data, exist_ok=True)
    source, most = os.environ.get("DATA"), max(SIZES)
    phrases = os.path.join(data, "phrases.txt")
    if source:
        pats = sorted(f for f in os.listdir(source) if f.startswith("pat_"))
        unpack(os.path.join(source, pats[-1].removesuffix(".xz")), phrases)
        for s in SETS:
            unpack(f"{source}/raw_{s}.bin", f"{data}/raw_{s}.bin")
    elif not os.path.exists(f"{data}/raw_free_zh.bin") or open(f"{data}/size").read() != str(most):
        subprocess.run([f"{HERE}/generate.py", data, str(most)], check=True)
        open(f"{data}/size", "w").write(str(most))
    sets = [s for s in SETS if os.path.exists(f"{data}/raw_{s}.bin")]
    for s in sets:
        subprocess.run([f"{build}/bench/scan/canon", f"{data}/raw_{s}.bin", f"{data}/can_{s}.bin"], check=True)
    return sets


class Peer:
    def __init__(self, command, phrases, texts):
        self.process = subprocess.Popen([*command, phrases, *texts], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.about = self.line(BUILD_SECONDS)
        if self.about is None:
            self.stop()

    def line(self, seconds):
        ready, _, _ = select.select([self.process.stdout], [], [], seconds)
        text = self.process.stdout.readline() if ready else ""
        return json.loads(text) if text else None

    def look(self, i):
        self.process.stdin.write(f"{i}\n")
        self.process.stdin.flush()
        return self.line(BUILD_SECONDS)

    def stop(self):
        self.process.kill()
        self.process.wait()


class Times:
    """Times and answers by (engine, set)."""

    def __init__(self):
        self.times, self.answers, self.steps = {}, {}, {}

    def ours(self, inlay, kernel, phrases, texts, sets):
        r = sh(inlay, "bench", "scan", "--kernel", kernel, "--rounds", "1", "--phrases", phrases, *[x for t in texts for x in ("--texts", t)])
        for s, line in zip(sets, r.stdout.splitlines()):
            j = json.loads(line)
            answer = (j["overlapping"]["count"], j["overlapping"]["checksum"], j["leftmost_longest"]["count"], j["leftmost_longest"]["checksum"])
            self.put(kernel, s, j["ns_per_text"]["scan_report"], answer)
            self.steps.setdefault((kernel, s), []).append(j["ns_per_text"])
            self.steps.setdefault((kernel, "about"), []).append(j)

    def put(self, engine, s, ns, answer):
        self.times.setdefault((engine, s), []).append(ns)
        self.answers.setdefault((engine, s), set()).add(answer)

    def peer(self, name, peer, sets):
        for i, s in enumerate(sets):
            j = peer.look(i)
            if j:
                self.put(name, s, j["ns_per_text"], (j["count"], j["sum"], j["longest_count"], j["longest_sum"]))

    def median(self, engine, s):
        return statistics.median(self.times[engine, s])

    def step(self, kernel, s, step):
        return statistics.median(x[step] for x in self.steps[kernel, s])


def one_size(inlay, kernels, peers, data, sets, n):
    phrases = f"{data}/phrases_{n}.txt"
    with open(f"{data}/phrases.txt", "rb") as a, open(phrases, "wb") as b:
        for _, line in zip(range(n), a):
            b.write(line)
    raw, can = [[f"{data}/{kind}_{s}.bin" for s in sets] for kind in ("raw", "can")]
    times, running = Times(), {}
    for name, command in peers.items():
        if n > PEER_LIMIT.get(name, n):
            print(f"# {name}: not asked for {n} phrases")
            continue
        running[name] = Peer(command, phrases, can)
        if running[name].about is None:
            print(f"# {name}: not built within {BUILD_SECONDS} s for {n} phrases")
            del running[name]
    for _ in range(ROUNDS):
        for k in kernels:
            times.ours(inlay, k, phrases, raw, sets)
        for name, peer in running.items():
            times.peer(name, peer, sets)
            times.ours(inlay, kernels[0], phrases, raw, sets)
    about = {name: p.about for name, p in running.items()}
    for p in running.values():
        p.stop()
    table(times, kernels, about, sets, n)
    return times


def cell(times, best, name, s):
    if (name, s) not in times.times:
        return "-"
    us = f"{times.median(name, s) / 1000:.2f}"
    if name == best:
        return us
    if name in NO_RATIO:
        return f"{us} ({NO_RATIO[name]})"
    if len(times.answers[best, s]) != 1 or times.answers[name, s] != times.answers[best, s]:
        return f"{us} (other hits: no ratio)"
    return f"{us} {times.median(name, s) / times.median(best, s):.1f}x"


def table(times, kernels, about, sets, n):
    best = kernels[0]
    ours = times.steps[best, "about"]
    build = statistics.median(j["build_seconds"] for j in ours)
    print(f"\n| {n} phrases, us a text | " + " | ".join(sets) + " | build s | bytes a phrase |")
    print("|---" * (len(sets) + 3) + "|")
    for k in kernels:
        print(f"| inlay {k} | " + " | ".join(cell(times, best, k, s) for s in sets) +
              f" | {statistics.median(j['build_seconds'] for j in times.steps[k, 'about']):.2f} | {ours[0]['bytes_a_phrase']:.2f} |")
    for name, a in about.items():
        print(f"| {name} | " + " | ".join(cell(times, best, name, s) for s in sets) +
              f" | {a['build_seconds']:.2f} {a['build_seconds'] / build:.0f}x | {a['bytes'] / n:.0f} |")
    for step in ("memcpy", "classify", "tokenise", "scan"):
        print(f"| floor: {step} | " + " | ".join(f"{times.step(best, s, step) / 1000:.3f}" for s in sets) + " | | |")
    print("| scan over tokenise | " + " | ".join(f"{times.step(best, s, 'scan') / times.step(best, s, 'tokenise'):.2f}" for s in sets) + " | | |")
    sys.stdout.flush()


def growth(inlay, kernel, data, sets, most):
    """Cost at `most` phrases over cost at 10,000, taken turn about."""
    small, times = f"{data}/phrases_10000.txt", [Times(), Times()]
    if most < 1000000 or not os.path.exists(small):
        return
    raw = [f"{data}/raw_{s}.bin" for s in sets]
    for _ in range(ROUNDS):
        times[0].ours(inlay, kernel, small, raw, sets)
        times[1].ours(inlay, kernel, f"{data}/phrases_{most}.txt", raw, sets)
    print(f"\ncost of a scan at {most} over 10000 phrases: " +
          ", ".join(f"{s} {times[1].step(kernel, s, 'scan') / times[0].step(kernel, s, 'scan'):.2f}" for s in sets))


def machine():
    name = [line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")][:1]
    caches = sh("lscpu", "-C=NAME,ONE-SIZE").stdout.split()[2:]
    huge = open("/sys/kernel/mm/transparent_hugepage/enabled").read().strip()
    print(f"\n## {time.strftime('%Y-%m-%d')}, {name[0] if name else 'a machine'}, {os.cpu_count()} cores, caches {' '.join(caches)}, "
          f"huge pages {huge}, load {os.getloadavg()[0]:.1f}, data {os.environ.get('DATA') and 'given' or 'generate.py'}, {ROUNDS} rounds")


def main():
    build = os.path.abspath(sys.argv[1])
    inlay, data = f"{build}/inlay", f"{build}/bench-data/scan{'-given' if os.environ.get('DATA') else ''}"
    wanted = os.environ.get("KERNELS", "avx512,avx2,plain").split(",")
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    machine()
    peers, sets = build_peers(f"{build}/bench/peers"), prepare(data, build)
    tiny = ["bench", "scan", "--limit", "1", "--rounds", "1", "--phrases", f"{data}/phrases.txt", "--texts", f"{data}/raw_{sets[0]}.bin"]
    kernels = [k for k in wanted if sh(inlay, *tiny, "--kernel", k).returncode == 0]
    have = sum(1 for _ in open(f"{data}/phrases.txt", "rb"))
    sizes = [n for n in SIZES if n <= have]
    for n in sizes:
        one_size(inlay, kernels, peers, data, sets, n)
    growth(inlay, kernels[0], data, sets, max(sizes))


if __name__ == "__main__":
    main()
