#!/usr/bin/python3
"""Makes the catalog for the labelled answers from catalog/*.txt: invented brands and shops, several prices a kind, accessories
and refills beside the things, the same item (GTIN) at several shops. Always the same bytes.

usage: catalog.py OUT.jsonl      Standard library only."""
import hashlib
import json
import re
import sys
from pathlib import Path

from label import HERE, read_categories


def draw(*parts):
    """A number that depends on these words and on nothing else."""
    return int.from_bytes(hashlib.sha256("\0".join(map(str, parts)).encode()).digest()[:6], "big")


def gtin(*parts):
    digits = "29" + str(draw("gtin", *parts) % 10**10).zfill(10)
    check = -sum(int(d) * (3 if i % 2 else 1) for i, d in enumerate(digits)) % 10
    return digits + str(check)


def pleasing(low, high, currency, *parts):
    """A price as shops write them, between the two."""
    price = low + (high - low) * (draw("price", *parts) % 1000) / 1000
    return int(price) + (0.99 if currency == "USD" and price > 5 else 0)


class Maker:
    def __init__(self):
        self.categories, self.prefixes = read_categories()
        self.rows = []

    def add(self, shop, title, brand, category, price, currency, code, mpn=""):
        row = {"id": f"{shop[:2]}{len(self.rows) + 1000}", "merchant": shop, "title": title,
               "brand": brand, "category": category, "price": price, "currency": currency, "gtin": code}
        if mpn:
            row["mpn"] = mpn
        self.rows.append(row)

    def path(self, where):
        """A name of categories.txt or one of its prefixes with a leaf, or a whole path."""
        name, _, leaf = where.strip().partition(" > ")
        known = self.categories.get(name, [self.prefixes.get(name, name)])
        return known[0] + (" > " + leaf if leaf else "")

    def family(self, line, brands, shops, currency):
        where, prices, details, titles = [x.strip() for x in line.split("|")]
        low, high = map(int, prices.split("-"))
        details = details.split("/")
        for title in titles.split("; "):
            for k in range(2):
                brand = brands[(draw("brand", where, title) + k * 7) % len(brands)]
                detail = details[k % len(details)].strip()
                comma = ", " if currency == "USD" else " "
                whole = f"{brand} {title}" + (comma + detail if detail else "")
                price, code = pleasing(low, high, currency, where, title, k), gtin(where, title, k)
                first = draw("shop", where, title, k) % len(shops)
                self.add(shops[first], whole, brand, self.path(where), price, currency, code)
                if draw("again", title, k) % 7 == 0:  # the same item elsewhere, a little dearer or cheaper
                    other = max(1, round(price * (0.92 + (draw("other", title) % 20) / 100), 2))
                    self.add(shops[(first + 1) % len(shops)], whole, brand, self.path(where), other, currency, code)

    def exact(self, line, shops, currency):
        where, brand, mpn, price, title = [x.strip() for x in line[2:].split("|")]
        self.add(shops[draw(title) % len(shops)], title, brand, self.path(where), int(price), currency, gtin(title), mpn)

    def read(self, path):
        have = {}
        for line in path.read_text(encoding="utf-8").splitlines():
            head = re.match(r"(brands|shops|currency): (.+)", line)
            if head:
                have[head[1]] = head[2] if head[1] == "currency" else head[2].split(", ")
            elif line.startswith("= "):
                self.exact(line, have["shops"], have["currency"])
            elif line.strip() and not line.startswith("#"):
                self.family(line, have["brands"], have["shops"], have["currency"])


def write(path):
    """All products, JSON Lines; how many, and of how many shops."""
    maker = Maker()
    for source in sorted((HERE / "catalog").glob("*.txt")):
        maker.read(source)
    with open(path, "w", encoding="utf-8") as out:
        for row in maker.rows:
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
    return len(maker.rows), len({r["merchant"] for r in maker.rows})


def main():
    print("%d products of %d shops" % write(sys.argv[1]))


if __name__ == "__main__":
    main()
