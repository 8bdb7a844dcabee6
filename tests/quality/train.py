#!/usr/bin/python3
"""Trains rules/intent.weights, the linear model of "is this person shopping?", on train/*.txt, which we wrote.

    tests/quality/train.py [--check]

Patterns are filled in from the slots, a part of them (whole patterns, so that no sibling of a held-back question is
trained on) is kept back in train/held.tsv, and the rest trains a logistic regression over word 1-2-grams and Han
1-3-grams, one for questions and one for answers. Equal inputs give equal bytes. --check writes nothing and fails
when the files in the tree are not what would be written."""
import hashlib
import math
import os
import re
import subprocess
import sys
import unicodedata

HERE = os.path.dirname(os.path.abspath(__file__))
TRAIN = os.path.join(HERE, "train")
WEIGHTS = os.path.join(HERE, "..", "..", "rules", "intent.weights")
HELD = os.path.join(TRAIN, "held.tsv")

VARIANTS = 14          # of one pattern, at most
HELD_VARIANTS = 3      # of a pattern that is held back
HELD_SHARE = 7         # one pattern in so many is held back
MAX_TOKENS = 400       # as in service/intent/model.c
KEEP = {"q": 8000, "a": 4000}
EPOCHS = 8
RATE = 0.1
DECAY = {"q": 2e-2, "a": 1e-1}  # L2
MIN_PATTERNS = {"q": 2, "a": 2}  # patterns a feature must occur in: one pattern's own words teach nothing


# ---- choice without a clock --------------------------------------------------------------

class Dice:
    """Chance that is the same on every machine: xorshift64* from a hash of a text."""

    def __init__(self, seed):
        self.state = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "big") | 1

    def below(self, n):
        x = self.state
        x ^= x >> 12
        x ^= (x << 25) & 0xFFFFFFFFFFFFFFFF
        x ^= x >> 27
        self.state = x
        return ((x * 0x2545F4914F6CDD1D & 0xFFFFFFFFFFFFFFFF) >> 11) % n

    def pick(self, items):
        return items[self.below(len(items))]


def shuffled(items, seed):
    dice, items = Dice(seed), list(items)
    for i in range(len(items) - 1, 0, -1):
        k = dice.below(i + 1)
        items[i], items[k] = items[k], items[i]
    return items


# ---- patterns ------------------------------------------------------------------------------

def lines(name):
    with open(os.path.join(TRAIN, name), encoding="utf-8") as f:
        return [l.rstrip("\n") for l in f if l.strip() and not l.startswith("#")]


def read_slots(name):
    slots = {}
    for line in lines(name):
        key, words = line.split(":", 1)
        slots[key.strip()] = [w.strip() for w in words.split(" | ")]
    return slots


def fill(pattern, slots, dice):
    text = re.sub(r"\[([^\[\]]*)\]", lambda m: dice.pick(m.group(1).split("|")), pattern)

    def slot(m):
        return dice.pick(slots[dice.pick(m.group(1).split("|"))])
    text = re.sub(r"\{([a-z|]+)\}", slot, text)
    return text.replace("¶", "\n").strip()


POLITE = {"en": ["please ", "hi, ", "can you tell me: ", "hey! ", "so, "], "zh": ["请问", "你好，", "麻烦问下，", "请问一下，"]}


def variants(pattern, lang, slots, limit, polite):
    """Up to `limit` different fillings; now and then with a polite beginning, as people write."""
    dice, seen = Dice(lang + pattern), {}
    for _ in range(limit * 3):
        text = fill(pattern, slots, dice)
        if polite and dice.below(12) == 0:
            text = dice.pick(POLITE[lang]) + text
        seen.setdefault(text, None)
        if len(seen) == limit:
            break
    return list(seen)


def patterns():
    """(field, lang, label, pattern): field q or a, label 1 where the person is shopping."""
    for lang in ("en", "zh"):
        for name, label in (("shop", 1), ("not", 0)):
            for p in lines(f"{lang}_{name}.txt"):
                yield "q", lang, label, p
        for line in lines(f"{lang}_answers.txt"):
            yield "a", lang, 1 if line[0] == "+" else 0, line[2:]


def held_back(pattern):
    return int(hashlib.sha256(("held:" + pattern).encode()).hexdigest(), 16) % HELD_SHARE == 0


def examples():
    """Two lists of (field, label, weight, pattern, text): to train on, held back. The variants of a pattern weigh together as the root of their number."""
    slots = {lang: read_slots(f"{lang}_slots.txt") for lang in ("en", "zh")}
    train, held = [], []
    for field, lang, label, pattern in patterns():
        back = held_back(pattern)
        texts = variants(pattern, lang, slots[lang], HELD_VARIANTS if back else VARIANTS, field == "q")
        for text in texts:
            (held if back else train).append((field, label, 1 / math.sqrt(len(texts)), pattern, text))
    return train, held


# ---- features: as service/intent/model.c makes them -----------------------------------------

def simplified(texts):
    """Traditional characters to Simplified ones, character by character, as the build's own table does."""
    chars = sorted({c for t in texts for c in t if "\u3400" <= c <= "\u9fff"})
    out = subprocess.run(["opencc", "-c", "t2s"], input="\n".join(chars), stdout=subprocess.PIPE, check=True, encoding="utf-8").stdout
    return str.maketrans(dict(zip(chars, out.split("\n"))))


def plain(text, table):
    """Folded as rules see it, see service/intent/plain.h."""
    text = unicodedata.normalize("NFKD", text.casefold())
    text = unicodedata.normalize("NFKC", "".join(c for c in text if unicodedata.category(c) != "Mn")).translate(table)
    text = text.replace("\u2018", "'").replace("\u2019", "'")
    text = re.sub(r"(?<=[a-z])-(?=[a-z0-9])|(?<=[0-9])-(?=[a-z])", " ", text)
    return text


def tokens(text, field):
    """(kind, token, joined): kind w or h; joined to the token before it when nothing but a space is between. An answer comes
    in pieces, so its beginnings and new lines say nothing."""
    text = text.strip(" \t\r\n")
    out, joined, i = ([("w", "^", False)], True, 0) if field == "q" else ([], False, 0)
    while i < len(text) and len(out) < MAX_TOKENS:
        c = text[i]
        if "\u3400" <= c <= "\u9fff":
            out.append(("h", c, joined))
            joined, i = True, i + 1
        elif word_char(c):
            k = i
            while k < len(text) and (word_char(text[k]) or (text[k] == "'" and k + 1 < len(text) and word_char(text[k + 1]))):
                k += 1
            out.append(("w", "0" if c.isascii() and c.isdigit() else text[i:k], joined))
            joined, i = True, k
        else:
            if c in "$£€¥":
                out.append(("w", "$", joined))
                joined = True
            elif c == "\n" and field == "q":
                out.append(("w", "¶", True))
                joined = True
            elif c not in " \t\r":
                joined = False
            i += 1
    return out


def word_char(c):
    if c.isascii():
        return c.isalnum()
    p = ord(c)
    return not (p < 0xC0 or 0x2000 <= p <= 0x2BFF or 0x3000 <= p <= 0x303F or 0x3400 <= p <= 0x9FFF or p >= 0xFE00)


def length_class(n):
    """The pseudo-feature that stands for the number of tokens."""
    return "(1-3)" if n <= 3 else "(4-8)" if n <= 8 else "(9-16)" if n <= 16 else "(17-40)" if n <= 40 else "(41-)"


def glue(a, b):
    return "" if a[0] == "h" and b[0] == "h" else " "


def features(text, field):
    t, out = tokens(text, field), {}
    for i in range(len(t)):
        out[t[i][1]] = None
        if i >= 1 and t[i][2]:
            two = t[i - 1][1] + glue(t[i - 1], t[i]) + t[i][1]
            out[two] = None
            if i >= 2 and t[i - 1][2] and t[i - 1][0] == "h" and t[i][0] == "h":
                out[t[i - 2][1] + glue(t[i - 2], t[i - 1]) + two] = None
    out.pop("^", None)  # it stands in every question
    if field == "q":
        out[length_class(len(t) - 1)] = None
    return list(out)


# ---- logistic regression ---------------------------------------------------------------------

def frequent(data, field):
    """Features that stand in enough patterns."""
    where = {}
    for pattern, feats in ((d[3], d[5]) for d in data):
        for f in feats:
            where.setdefault(f, set()).add(pattern)
    return {f for f, p in where.items() if len(p) >= MIN_PATTERNS[field]}


def train_weights(data, known, decay):
    """AdaGrad with L2, examples in a fixed order. data: (.., label, weight, .., .., features). Returns bias, weights."""
    index = {f: i for i, f in enumerate(sorted(known))}
    rows = [(d[1], d[2], [index[f] for f in d[5] if f in index]) for d in data]
    n = len(index)
    w, g = [0.0] * (n + 1), [1e-3] * (n + 1)
    share = sum(r[1] for r in rows if r[0]) / sum(r[1] for r in rows)
    balance = (0.5 / (1 - share), 0.5 / share)
    mean, rounds = [0.0] * (n + 1), 0
    for epoch in range(EPOCHS):
        for label, weight, feats in shuffled(rows, f"epoch {epoch}"):
            z = w[n] + sum(w[i] for i in feats)
            d = (1 / (1 + math.exp(-max(-30.0, min(30.0, z)))) - label) * weight * balance[label]
            for i in feats:
                step = d + decay * w[i]
                g[i] += step * step
                w[i] -= RATE * step / math.sqrt(g[i])
            g[n] += d * d
            w[n] -= RATE * d / math.sqrt(g[n])
        if epoch >= EPOCHS // 2:  # the mean of the later rounds wavers less than the last
            mean, rounds = [a + b for a, b in zip(mean, w)], rounds + 1
    return mean[n] / rounds, {f: mean[i] / rounds for f, i in index.items()}


def prune(weights, data, keep):
    """The features that move most: weight by how often they stand."""
    count = {}
    for d in data:
        for f in d[5]:
            count[f] = count.get(f, 0) + 1
    strongest = sorted(weights, key=lambda f: (-abs(weights[f]) * math.sqrt(count.get(f, 0)), f))
    return set(strongest[:keep])


def fit(data, field):
    bias, weights = train_weights(data, frequent(data, field), DECAY[field])
    kept = prune(weights, data, KEEP[field])
    bias, weights = train_weights(data, kept, DECAY[field])
    return round(bias, 3), {f: round(v, 3) for f, v in weights.items() if abs(v) >= 0.0305}


def score(model, feats):
    bias, weights = model
    return bias + sum(weights.get(f, 0) for f in feats)


def accuracy(model, data):
    good = sum((score(model, d[5]) > 0) == bool(d[1]) for d in data)
    return f"{good}/{len(data)} = {100 * good / max(1, len(data)):.1f} %"


# ---- files --------------------------------------------------------------------------------------

HEADER = """# The linear model of "is this person shopping?": weight, TAB, feature. Made by tests/quality/train.py from tests/quality/train/
# (make train); do not edit, change the training questions and make it anew. rules/README.md says how.
# q: features of questions, a: of answers. ^ is the beginning, ¶ a new line, 0 a figure, $ a currency's mark. The log-odds of a text
# are the sum of the weights of its features, each once, and of (bias).
"""


def weights_text(models):
    out = [HEADER]
    for field in ("q", "a"):
        bias, weights = models[field]
        out.append(f"{bias:.3f}\t{field}:(bias)\n")
        for f in sorted(weights, key=lambda f: (-weights[f], f)):
            out.append(f"{weights[f]:.3f}\t{field}:{f}\n")
    return "".join(out)


def held_text(held):
    out = ["# Held back from training, by whole patterns: 1 is shopping. Field, label, text (¶ is a new line). Written by tests/quality/train.py.\n"]
    for field, label, _, _, text, _ in held:
        out.append(f"{field}\t{label}\t{text}\n".replace("\n", "¶")[:-1] + "\n")
    return "".join(out)


def write(path, text, check):
    old = open(path, encoding="utf-8").read() if os.path.exists(path) else None
    if old == text:
        return True
    if check:
        print(f"{os.path.relpath(path)}: not what {os.path.basename(__file__)} would write")
        return False
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return True


def main():
    check = "--check" in sys.argv[1:]
    train, held = examples()
    table = simplified([d[4] for d in train + held])
    train, held = ([d + (features(plain(d[4], table), d[0]),) for d in part] for part in (train, held))
    models = {}
    for field in ("q", "a"):
        mine = [d for d in train if d[0] == field]
        models[field] = fit(mine, field)
        back = [d for d in held if d[0] == field]
        print(f"{field}: {len(mine)} texts, {len(models[field][1])} features; trained on {accuracy(models[field], mine)}, held back {accuracy(models[field], back)}")
    good = [write(WEIGHTS, weights_text(models), check), write(HELD, held_text(held), check)]
    if check:
        print(f"{sum(good)} passed, {len(good) - sum(good)} failed")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
