#!/usr/bin/python3
"""Scores links against labelled answers (gold of label.py, or any file of that form). Standard library only.

usage: score.py GOLD.jsonl OUT.jsonl --catalog FILE ... [--errors N] [--json]
OUT: what `inlay insert` writes. Categories and titles come from the catalog files, never from the output's own claims.

A link hits a labelled phrase when it overlaps one of its places, covers at least 34 % of it, and at least half of the link lies in it.
One link on a phrase counts, further ones are duplicates and wrong. A category is right when it is an acceptable path or lies below one."""
import argparse
import collections
import csv
import gzip
import json
import re

ERRORS = ("SENSITIVE", "FALSE", "SPURIOUS", "DUPLICATE", "CATEGORY", "MODEL", "BUDGET", "MISSED")
UNSAFE = [re.compile(x, re.S) for x in (rb"```.*?(?:```|\Z)", rb"`[^`\n]+`", rb"!?\[[^\]\n]*\]\([^)\n]*\)", rb"https?://[^\s)\]>\"']+",
                                        rb"<[A-Za-z/][^>\n]*>")]


def lines_of(path):
    opener = gzip.open if str(path).endswith(".gz") else open
    with opener(path, "rt", encoding="utf-8") as f:
        for line in f:
            if line.strip():
                yield json.loads(line)


def minor(price):
    if isinstance(price, dict):
        return price["amount"], price["currency"]
    if isinstance(price, str):
        amount, _, currency = price.partition(" ")
        return round(float(amount) * 100), currency
    return None, ""


def acp_rows(record):
    for v in record["variants"]:
        yield v["id"], {"title": v["title"], "category": v["categories"][0]["value"], "price": minor(v["price"])}


def read_catalog(path):
    """(id, {title, category, price: (minor units, currency)}) of any of the feeds this repository has."""
    if str(path).endswith(".tsv"):
        with open(path, encoding="utf-8", newline="") as f:
            for r in csv.DictReader(f, delimiter="\t"):
                yield r["id"], {"title": r["title"], "category": r["google_product_category"], "price": minor(r["sale_price"] or r["price"])}
        return
    for r in lines_of(path):
        if "variants" in r:
            yield from acp_rows(r)
            continue
        price = r.get("sale_price") or r.get("price")
        price = minor(price) if isinstance(price, (dict, str)) else (round((price or 0) * 100), r.get("currency") or "")
        yield r.get("id") or r["item_id"], {"title": r.get("title") or "", "category": r.get("category") or r.get("product_category") or "",
                                           "price": price}


def read_catalogs(paths):
    found = {}
    for path in paths:
        found.update(read_catalog(path))
    return found


def category_fits(category, acceptable):
    return any(category == a or category.startswith(a + " > ") for a in acceptable.split("|")) if category else False


def words_of(text):
    low = text.lower()
    han = re.findall("[\u3400-\u9fff]+", low)
    return set(re.findall(r"[a-z0-9]{2,}", low)) | {h[i:i + 2] for h in han for i in range(len(h) - 1)}


def names_it(phrase, title):
    """A named model and a title share the model's number where it has one, else a word."""
    numbers = {w for w in words_of(phrase) if re.search(r"\d", w)}
    return bool((numbers or words_of(phrase)) & words_of(title))


def edits_fit(answer, r):
    """The edits are insertions that make the output of the original; None when there is no output."""
    if r.get("answer") is None:
        return None
    out, at = b"", 0
    for e in r.get("edits") or []:
        if not at <= e["at"] <= len(answer):
            return False
        out += answer[at:e["at"]] + e["insert"].encode()
        at = e["at"]
    return out + answer[at:] == r["answer"].encode()


class Answer:
    """One answer's links against its labels."""

    def __init__(self, gold, response, catalog):
        self.gold, self.catalog = gold, catalog
        self.bytes = gold["answer"].encode()
        self.count, self.errors = collections.Counter(answers=1), []
        self.reason = response.get("reason") or "other words were linked"
        links = [x for x in response.get("links") or [] if not x.get("existing")]
        self.placed = sorted((x for x in links if x.get("start") is not None), key=lambda x: x["start"])
        self.cards = [x for x in links if x.get("start") is None]
        exact = edits_fit(self.bytes, response)
        self.count.update(outputs=exact is not None, exact=bool(exact), links=len(self.placed))
        self.safe()
        if gold["intent"] == "consumer":
            self.consumer()
        else:
            self.negative()

    def text(self, link):
        return self.bytes[link["start"]:link["end"]].decode("utf-8", "replace")

    def product(self, link):
        return self.catalog.get(link["product"]["id"], {"title": "?", "category": "", "price": (None, "")})

    def error(self, kind, what, *more):
        self.count[kind] += 1
        self.errors.append((kind, self.gold["id"], self.gold["question"][:50], what, *more))

    def safe(self):
        unsafe = [m.span() for rx in UNSAFE for m in rx.finditer(self.bytes)]

        def alnum(i):
            return 0 <= i < len(self.bytes) and chr(self.bytes[i]).isascii() and chr(self.bytes[i]).isalnum()

        for x in self.placed:
            s, e = x["start"], x["end"]
            self.count["unsafe"] += any(s < b and e > a for a, b in unsafe)
            self.count["split"] += (alnum(s - 1) and alnum(s)) or (alnum(e - 1) and alnum(e))
            self.count["unknown"] += x["product"]["id"] not in self.catalog

    def negative(self):
        intent = self.gold["intent"]
        self.count.update({"negative": 1, "negative " + intent: 1, "hard": bool(self.gold.get("hard"))})
        if self.placed or self.cards:
            self.count.update({"linked": 1, "linked " + intent: 1, "linked hard": bool(self.gold.get("hard"))})
            self.error("SENSITIVE" if intent == "sensitive" else "FALSE", [self.text(x) for x in self.placed[:4]] or "cards")

    def find(self, link):
        """The labelled phrase that the link hits."""
        best, s, e = None, link["start"], link["end"]
        for i, span in enumerate(self.gold["gold_spans"]):
            for a, b in [(span["start_byte"], span["end_byte"]), *span.get("alts", [])]:
                common = min(e, b) - max(s, a)
                if common > 0 and common >= 0.34 * (b - a) and common >= 0.5 * (e - s) and (best is None or common > best[0]):
                    best = (common, i)
        return None if best is None else best[1]

    def trap(self, link):
        for t in self.gold.get("traps", []):
            if link["start"] < t["end_byte"] and link["end"] > t["start_byte"]:
                return t["cause"]
        inside = any(link["start"] < x["end_byte"] and link["end"] > x["start_byte"] for x in self.gold["gold_spans"])
        return "part of a phrase" if inside else "plain"

    def judge(self, link, span):
        p = self.product(link)
        fits = category_fits(p["category"], span["acceptable_category"])
        self.count.update(hits=1, fits=fits, must_hits=span["must"])
        if not fits:
            self.error("CATEGORY", span["text"], p["title"][:60], p["category"])
        elif span["kind"] in ("model", "brand") and not names_it(span["text"], p["title"]):
            self.error("MODEL", span["text"], p["title"][:60])
        cap = self.gold.get("max_price")
        amount, currency = p["price"]
        if cap and amount is not None and currency == cap["currency"] and amount > 100 * cap["amount"]:
            self.error("BUDGET", span["text"], p["title"][:60], amount / 100)
        return fits

    def consumer(self):
        spans, hit, right = self.gold["gold_spans"], set(), 0
        self.count.update(consumer=1, must=sum(s["must"] for s in spans))
        for x in self.placed:
            i = self.find(x)
            if i is None:
                self.error("SPURIOUS", self.text(x), self.trap(x))
            elif i in hit:
                self.error("DUPLICATE", self.text(x))
            else:
                hit.add(i)
                right += self.judge(x, spans[i])
        for i, span in enumerate(spans):
            if span["must"] and i not in hit:
                self.error("MISSED", span["text"], self.reason)
        if any(s["must"] for s in spans):
            self.count.update(serviceable=1, served=right > 0)


def percent(n, d):
    return None if not d else round(100 * n / d, 1)


def table(c):
    precision, recall = percent(c["hits"], c["links"]), percent(c["must_hits"], c["must"])
    return {
        "answers": c["answers"], "links": c["links"],
        "precision over all answers %": precision, "recall of must-links %": recall,
        "F1": round(2 * precision * recall / (precision + recall), 1) if precision and recall else 0.0,
        "product's category right %": percent(c["fits"], c["hits"]),
        "answers without shopping that got a link %": percent(c["linked"], c["negative"]),
        "  of the hard ones %": percent(c["linked hard"], c["hard"]),
        "sensitive answers that got a link": f'{c["linked sensitive"]}/{c["negative sensitive"]}',
        "shoppers with a right link %": percent(c["served"], c["serviceable"]),
        "links on traps and other words": c["SPURIOUS"], "another model than the named one": c["MODEL"], "above the stated budget": c["BUDGET"],
        "unsafe, split, unknown, twice": c["unsafe"] + c["split"] + c["unknown"] + c["DUPLICATE"],
        "bytes kept": f'{c["exact"]}/{c["outputs"]}',
    }


def score(gold, responses, catalog):
    """{column: numbers}, [errors]: over all answers, and by language and script."""
    sums, errors = collections.defaultdict(collections.Counter), []
    by_id = {r.get("id"): r for r in responses}
    for g in gold:
        a = Answer(g, by_id.get(g["id"], {}), catalog)
        for key in ["all", g["lang"]] + (["zh-Hant"] if g.get("script") == "Hant" else []):
            sums[key].update(a.count)
        errors += a.errors
    return {k: table(sums[k]) for k in ("all", "en", "zh", "zh-Hant") if k in sums}, errors


def show(report):
    rows = next(iter(report.values()))
    print(" " * 46 + "".join(f"{c:>10}" for c in report))
    for name in rows:
        print(f"{name:46}" + "".join(f"{'-' if report[c][name] is None else report[c][name]!s:>10}" for c in report))


def show_errors(errors, each):
    """The errors by cause: how many, then the first of them."""
    for kind in ERRORS:
        those = [e for e in errors if e[0] == kind]
        if those:
            print(f"\n{kind}: {len(those)}")
        for e in those[:each]:
            print("  ", *e[1:], sep=" | ")
    for kind, by in (("SPURIOUS", "trap"), ("MISSED", "what the answer's reason is")):
        counts = collections.Counter(e[4] for e in errors if e[0] == kind)
        if counts:
            print(f"\n{kind} by {by}:", ", ".join(f"{k} {n}" for k, n in counts.most_common()))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("gold")
    p.add_argument("out")
    p.add_argument("--catalog", nargs="+", required=True)
    p.add_argument("--errors", type=int, default=0, help="so many of each cause")
    p.add_argument("--json", action="store_true")
    a = p.parse_args()
    report, errors = score(list(lines_of(a.gold)), list(lines_of(a.out)), read_catalogs(a.catalog))
    if a.json:
        print(json.dumps({"report": report, "errors": errors}, ensure_ascii=False, indent=1))
        return
    show(report)
    show_errors(errors, a.errors)


if __name__ == "__main__":
    main()
