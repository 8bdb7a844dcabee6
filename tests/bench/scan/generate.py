#!/usr/bin/python3
"""generate.py FOLDER [PHRASES]: phrases and five sets of texts for the scan's benchmark, the same bytes each time.

Words come from wamerican-huge and python3-jieba, prose from fortunes, manpages-zh and debian-edu-doc-zh-cn (Debian packages).
Phrases: brand, line, type and model in English and Chinese, and runs of words that the prose itself has, so that some stand in it.
Texts, as records of u32 little-endian length and bytes: en, zh: answers in Markdown; heavy: a phrase every eleven words;
free_en, free_zh: the same with every phrase overwritten, so that only near misses stay.
"""
import glob
import gzip
import os
import random
import re
import struct
import sys

FORTUNES = "/usr/share/games/fortunes/"
JIEBA = "/usr/lib/python3/dist-packages/jieba/dict.txt"
WORDS = "/usr/share/dict/american-english-huge"
TOKEN = re.compile(r"[A-Za-z0-9]+|[\u4e00-\u9fff]")
HARD = re.compile(r"[,;:!?\n()\[\]{}|<>=@$%^\\\u3001-\u302f\uff0c\uff1a\uff1b\uff01\uff1f\uff08\uff09\uff0e]|\.(?![A-Za-z0-9])")
KEPT = re.compile(r"[^\n -~\u4e00-\u9fff\u3000-\u3002\uff01\uff08\uff09\uff0c\uff1a\uff1b\uff1f\u201c\u201d\u2019]")


def tokens(text):
    """Words and characters as runs: a list for each stretch that phrases may lie in, of (start, end, word)."""
    runs, at = [], 0
    for m in list(HARD.finditer(text)) + [None]:
        end = m.start() if m else len(text)
        run = [(t.start(), t.end(), t.group().lower()) for t in TOKEN.finditer(text, at, end)]
        if run:
            runs.append(run)
        at = m.end() if m else end
    return runs


def join(words):
    out = ""
    for w in words:
        out += " " + w if out and out[-1] < "\x80" and w[0] < "\x80" else w
    return out


def english_prose():
    out = []
    for path in sorted(glob.glob(FORTUNES + "*")):
        name = os.path.basename(path)
        if "." in name or name in ("chinese", "tang300", "song100", "ascii-art", "translate-me"):
            continue
        text = KEPT.sub("", open(path, encoding="utf8", errors="ignore").read())
        out += [" ".join(p.split()) for p in text.split("\n%\n") if 60 < len(p) < 1200]
    return out


def chinese_prose():
    out = []
    for path in sorted(glob.glob("/usr/share/man/zh_CN/man*/*.gz")):
        text = gzip.open(path, "rt", encoding="utf8", errors="ignore").read()
        text = re.sub(r"(?m)^[.'].*$|\\f.|\\.", "", text)
        out += paragraphs(text)
    for path in sorted(glob.glob("/usr/share/doc/debian-edu-doc-zh-cn/*.html")):
        out += paragraphs(re.sub(r"<[^>]*>", "", open(path, encoding="utf8", errors="ignore").read()))
    return out


def paragraphs(text):
    lines = [KEPT.sub("", " ".join(line.split())) for line in text.split("\n")]
    return [line for line in lines if len(re.findall(r"[\u4e00-\u9fff]", line)) > 12]


def runs_of(prose, rng, n):
    """Runs of two to four words that the prose has, not across anything hard."""
    out = []
    while len(out) < n:
        run = rng.choice(rng.choice(prose))
        size = rng.choice((2, 2, 3, 3, 4))
        if len(run) >= size:
            at = rng.randrange(len(run) - size + 1)
            out.append(join(w for _, _, w in run[at:at + size]))
    return out


class Names:
    def __init__(self, rng):
        self.rng = rng
        english = [w.strip().lower() for w in open(WORDS, encoding="utf8") if re.fullmatch(r"[A-Za-z]{3,10}\n", w)]
        rows = [line.split() for line in open(JIEBA, encoding="utf8")]
        nouns = [r[0] for r in rows if len(r) > 2 and r[2].startswith("n") and re.fullmatch(r"[\u4e00-\u9fff]{2,4}", r[0])]
        rng.shuffle(english)
        rng.shuffle(nouns)
        self.brand, self.line, self.kind = english[:4000], english[4000:9000], english[9000:24000]
        self.brand_zh, self.kind_zh = nouns[:3000], nouns[3000:33000]

    def model(self):
        r = self.rng
        return r.choice("abcdefghkmnprstvwxz") + str(r.randrange(10, 9999)) + r.choice(("", "", "x", "pro", "s"))

    def english(self):
        r = self.rng
        kind = " ".join(r.sample(self.kind, r.choice((1, 2, 2))))
        return r.choice((lambda: f"{r.choice(self.brand)} {kind}", lambda: f"{r.choice(self.brand)} {r.choice(self.line)} {kind}",
                         lambda: f"{r.choice(self.brand)} {r.choice(self.line)} {self.model()}",
                         lambda: f"{r.choice(self.brand)} {kind} {self.model()}", lambda: kind + " " + r.choice(self.kind)))()

    def chinese(self):
        r = self.rng
        return r.choice((lambda: r.choice(self.brand_zh) + r.choice(self.kind_zh), lambda: r.choice(self.kind_zh) + r.choice(self.kind_zh),
                         lambda: r.choice(self.brand_zh) + r.choice(self.kind_zh) + self.model()))()

    def mixed(self):
        return self.rng.choice(self.brand) + self.rng.choice(self.kind_zh)


def make_phrases(rng, prose_en, prose_zh, n):
    names = Names(rng)
    runs = [[tokens(p) for p in prose] for prose in (prose_en, prose_zh)]
    runs = [[r for r in all_runs if r] for all_runs in runs]
    seen, out = set(), []
    common = runs_of(runs[0], rng, 2000) + runs_of(runs[1], rng, 1000) + names.kind_zh[:3000]
    rng.shuffle(common)
    makers = [names.english] * 66 + [names.chinese] * 30 + [names.mixed] * 4
    while len(out) < n:
        # One of ten is of what the prose has, as long as there are.
        p = common.pop() if common and rng.random() < 0.1 else rng.choice(makers)()
        if 4 <= len(p.encode()) <= 60 and p not in seen:
            seen.add(p)
            out.append(p)
    return out


def answers(rng, prose, n, least, most, mark):
    out = []
    for _ in range(n):
        want, text = rng.randrange(least, most), ""
        while len(text.encode()) < want:
            p = rng.choice(prose)
            text += rng.choice((f"{p}\n\n", f"- **{p[:18]}**{mark}{p[18:]}\n", f"## {p[:24]}\n\n{p[24:]}\n\n", f"1. {p}\n"))
        out.append(text)
    return out


def with_phrases(rng, texts, phrases):
    out = []
    for text in texts:
        words = re.split(r"(\s+|[\uff0c\u3002])", text)
        for i in range(10, len(words), 22):
            words[i] = words[i] + " " + rng.choice(phrases) + " "
        out.append("".join(words))
    return out


def without(texts, phrases):
    known = {tuple(w for _, _, w in tokens(p)[0]) for p in phrases}
    sizes = sorted({len(k) for k in known})
    out = []
    for text in texts:
        chars = list(text)
        again = True
        while again:
            again = False
            for run in tokens("".join(chars)):
                words = tuple(w for _, _, w in run)
                for i in range(len(run)):
                    for size in sizes:
                        if words[i:i + size] in known and i + size <= len(run):
                            for k in range(run[i][0], run[i + size - 1][1]):
                                chars[k] = "qzxjv"[k % 5] if chars[k] < "\x80" else " "
                            again = True
        out.append("".join(chars))
    return out


def save(path, texts):
    with open(path, "wb") as f:
        for t in texts:
            raw = t.encode()
            f.write(struct.pack("<I", len(raw)) + raw)


def main():
    folder, n = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1000000
    os.makedirs(folder, exist_ok=True)
    rng = random.Random(20261121)
    prose_en, prose_zh = english_prose(), chinese_prose()
    phrases = make_phrases(rng, prose_en, prose_zh, n)
    en = answers(rng, prose_en, 3000, 300, 3000, ":")
    zh = answers(rng, prose_zh, 1000, 300, 1500, "\uff1a")
    heavy = with_phrases(rng, en[:1000] + zh[:500], phrases[:200000])
    with open(os.path.join(folder, "phrases.txt"), "w", encoding="utf8") as f:
        f.write("\n".join(phrases) + "\n")
    for name, texts in (("en", en), ("zh", zh), ("heavy", heavy), ("free_en", without(en, phrases)), ("free_zh", without(zh, phrases))):
        save(os.path.join(folder, f"raw_{name}.bin"), texts)


if __name__ == "__main__":
    main()
