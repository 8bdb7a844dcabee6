#!/usr/bin/python3
"""Expands labelled/*.txt (answers with marks, README.md says how they are written) into gold with byte offsets.

usage: label.py OUT.jsonl [INPUT.jsonl]      gold, and the bare requests {id, lang, question, answer} for `inlay insert`
Checks what it reads: ids are unique, categories known, a mark names words that can be linked. Standard library only."""
import collections
import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
HEAD = re.compile(r"=== (\S+) (none|informational|consumer|sensitive)( hard)?(?: max=(\d+)([A-Z]{3}))? \| (.+)")
MARK = re.compile(r"\{\{(-?)([a-z0-9-]+)([!*^]*) ([^{}]+)\}\}")
CODE = [re.compile(x, re.S) for x in (r"```.*?(?:```|\Z)", r"`[^`\n]+`", r"!?\[[^\]\n]*\]\([^)\n]*\)", r"https?://[^\s)\]>\"']+", r"<[A-Za-z/][^>\n]*>")]


def read_categories():
    """name -> list of acceptable paths, the first one is the catalog's; and prefix -> path."""
    prefix, names = {}, {}
    for line in (HERE / "categories.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("#") or not line.strip():
            continue
        name, is_prefix, paths = re.match(r"(\S+) (:?)= (.+)", line).groups()
        if is_prefix:
            prefix[name] = paths
            continue
        found = []
        for path in paths.split(" | "):
            first, _, rest = path.strip().partition(" > ")
            found.append((prefix.get(first, first) + (" > " + rest if rest else "")))
        assert name not in names, name
        names[name] = found
    return names, prefix


def read_items(path):
    """[(head match, question, marked answer)]"""
    head, question, lines, items = None, None, [], []

    def close():
        if head:
            items.append((head, question, "\n".join(lines).rstrip("\n")))

    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if line.startswith("=== "):
            close()
            head, question, lines = HEAD.fullmatch(line), None, []
            assert head, f"{path.name}:{number}: {line}"
        elif question is None:
            assert line.startswith("Q: "), f"{path.name}:{number}: the question is missing"
            question = line[3:]
        elif not lines:
            assert line.startswith("A: "), f"{path.name}:{number}: the answer is missing"
            lines.append(line[3:])
        else:
            lines.append(line)
    close()
    return items


def strip_marks(marked):
    """The answer, and its marks as (start, end, trap, name, flags) in characters."""
    text, marks, at = "", [], 0
    for m in MARK.finditer(marked):
        text += marked[at:m.start()]
        marks.append((len(text), len(text) + len(m[4]), bool(m[1]), m[2], m[3]))
        text += m[4]
        at = m.end()
    text += marked[at:]
    assert "{{" not in text.replace("{{\n", "") or "}}" not in text, text[:80]
    return text, marks


def is_letter(c):
    return c.isascii() and c.isalnum()


def occurrences(text, words, taken):
    """Further places of the same words that a link may stand on: whole words, not in code, not within another mark."""
    found, low = [], text.lower()
    at = low.find(words.lower())
    while at >= 0:
        end = at + len(words)
        cut = (at and is_letter(text[at - 1]) and is_letter(text[at])) or (end < len(text) and is_letter(text[end]) and is_letter(text[end - 1]))
        if not cut and all(end <= s or at >= e for s, e in taken):
            found.append((at, end))
        at = low.find(words.lower(), at + 1)
    return found


def expand(item, lang, script, categories):
    head, question, marked = item
    ident, intent, hard, cap, currency, notes = head.groups()
    text, marks = strip_marks(marked)
    taken = [m[:2] for m in marks] + [m.span() for rx in CODE for m in rx.finditer(text)]

    def at(i):
        return len(text[:i].encode())

    spans, traps = [], []
    for start, end, is_trap, name, flags in marks:
        if is_trap:
            traps.append({"start_byte": at(start), "end_byte": at(end), "text": text[start:end], "cause": name})
            continue
        assert name in categories, f"{ident}: no category {name}"
        spans.append({"start_byte": at(start), "end_byte": at(end), "text": text[start:end],
                      "kind": "model" if "*" in flags else "brand" if "^" in flags else "product",
                      "acceptable_category": "|".join(categories[name]), "must": "!" in flags,
                      "alts": [[at(s), at(e)] for s, e in occurrences(text, text[start:end], taken)]})
    assert intent == "consumer" or not spans, f"{ident}: goods in an answer without shopping"
    gold = {"id": ident, "lang": lang, "question": question, "answer": text, "intent": intent, "hard": bool(hard), "notes": notes,
            "gold_spans": spans, "traps": traps}
    if script:
        gold["script"] = script
    if cap:
        gold["max_price"] = {"amount": int(cap), "currency": currency}
    return gold


def read_all():
    categories, _ = read_categories()
    gold, seen = [], set()
    for path in sorted((HERE / "labelled").glob("*.txt")):
        script = {"zh": "Hans", "hant": "Hant"}.get(path.name.split("-")[0].split(".")[0])
        for item in read_items(path):
            g = expand(item, "zh" if script else "en", script, categories)
            assert g["id"] not in seen, g["id"]
            seen.add(g["id"])
            gold.append(g)
    return gold


def main():
    gold = read_all()
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        for g in gold:
            out.write(json.dumps(g, ensure_ascii=False) + "\n")
    if len(sys.argv) > 2:
        with open(sys.argv[2], "w", encoding="utf-8") as out:
            for g in gold:
                out.write(json.dumps({k: g[k] for k in ("id", "lang", "question", "answer")}, ensure_ascii=False) + "\n")
    hard = sum(g["hard"] for g in gold)
    kinds = collections.Counter((g.get("script") or g["lang"], g["intent"]) for g in gold)
    print(f"{len(gold)} answers, {100 * hard // len(gold)} % hard negatives:", ", ".join(f"{k[0]} {k[1]} {n}" for k, n in sorted(kinds.items())))


if __name__ == "__main__":
    main()
