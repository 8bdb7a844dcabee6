#!/usr/bin/python3
"""The best that simple rules do, as a yardstick for how hard the labelled answers are: words in the question decide whether anything is
linked; of the answer the longest run of words that ends in a catalog's product word is; the product shares most words with it.

usage: baseline.py IN.jsonl OUT.jsonl CATALOG ...      Standard library only."""
import collections
import json
import re
import sys

from score import UNSAFE, lines_of, read_catalogs

WORD = re.compile(r"[a-z0-9][a-z0-9'&-]*")
HAN = re.compile("[\u3400-\u9fff]+")
SHOPPING = re.compile(r"\b(recommend\w*|buy|gifts?|which|best|what should|need|pack\w*|list|choose|suggest\w*|gear|tools|get)\b|推荐|推薦|[买買]|礼物|禮物|"
                      r"[选選挑]|清单|清單|装备|裝備|用品|准备|準備|哪[种種款个個]|什么|什麼", re.I)
OTHER = re.compile(r"\b(code|python|sql|html|json|csv|story|poem|haiku|song|write|slogans?|review|classify|translate|summar\w*|grammar|sentence|calculate|"
                   r"history|company|essay|email|how do\w* .* work|pills?|gun|casino|vape|weed|cancer|formula|died?|pain)\b|代码|函数|故事|童话|作文|诗|文案|"
                   r"翻译|翻成|分类|分類|历史|歷史|新闻|原理|药|高血压|糖尿病|电子烟|電子煙|奶粉|抑郁|不想活|地震|减肥|发烧|發燒|彩票|弩", re.I)
STOP = set("set kit pack case size black white blue red green home book point box part line top bar card light water food hand face head".split())


def product_words(catalog):
    """Last word of English titles, endings of Chinese ones; with the products that have each."""
    last = collections.defaultdict(list)
    for ident, p in catalog.items():
        title = re.split(r",|\s[-–|(]| for | with | in ", p["title"].lower())[0]
        words = WORD.findall(title)
        if words and not HAN.search(title):
            last[words[-1].removesuffix("s")].append(ident)
        for run in HAN.findall(title):
            for n in (2, 3, 4):
                if len(run) >= n:
                    last[run[-n:]].append(ident)
    return {w: ids for w, ids in last.items() if len(w) > 1 and w not in STOP}


def english(answer, last):
    words = list(WORD.finditer(answer.lower()))
    for i, m in enumerate(words):
        if m[0].removesuffix("s") in last:
            first = i
            while first > 0 and i - first < 3 and re.fullmatch(r"[ -]", answer[words[first - 1].end():words[first].start()]) and \
                    len(words[first - 1][0]) > 3:
                first -= 1
            yield words[first].start(), m.end(), m[0].removesuffix("s")


def chinese(answer, last):
    for run in HAN.finditer(answer):
        at = run.start()
        while at < run.end():
            n = next((n for n in (4, 3, 2) if answer[at:at + n] in last and at + n <= run.end()), 0)
            if n:
                yield at, at + n, answer[at:at + n]
            at += n or 1


def grams(text):
    return set(WORD.findall(text.lower())) | {h[i:i + 2] for h in HAN.findall(text) for i in range(len(h) - 1)}


def link_all(r, last, catalog):
    question, answer = r["question"], r["answer"]
    if OTHER.search(question) or not SHOPPING.search(question):
        return []
    unsafe = [m.span() for rx in UNSAFE for m in rx.finditer(answer.encode())]
    links, seen, end = [], set(), 0
    for s, e, word in sorted([*english(answer, last), *chinese(answer, last)]):
        start, stop = len(answer[:s].encode()), len(answer[:e].encode())
        if s < end or word in seen or len(links) == 6 or any(start < b and stop > a for a, b in unsafe):
            continue
        ident = max(last[word], key=lambda i: (len(grams(catalog[i]["title"]) & grams(answer[s:e])), -len(catalog[i]["title"]), i))
        links.append({"start": start, "end": stop, "product": {"id": ident}})
        seen.add(word)
        end = e
    return links


def main():
    catalog = read_catalogs(sys.argv[3:])
    last = product_words(catalog)
    with open(sys.argv[2], "w", encoding="utf-8") as out:
        for r in lines_of(sys.argv[1]):
            out.write(json.dumps({"id": r["id"], "links": link_all(r, last, catalog)}, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
