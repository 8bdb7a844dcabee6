#!/usr/bin/python3
"""Products of a made-up shop as Inlay JSON Lines: products.py N [SEED [MERCHANTS]]. The same bytes for the same arguments.

Titles are built as merchants write them (maker, line, kind, model, size, colour; one in six in Chinese) from words that are made up
too, so that a catalog of any size has as many makers, kinds and models as one would expect."""
import random
import sys

COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
RNG = random.Random(int(sys.argv[2]) if len(sys.argv) > 2 else 1)
MERCHANTS = int(sys.argv[3]) if len(sys.argv) > 3 else 1

SYLLABLES = "ba be bi bo bu ca ce co da de di do fa fe fi ga go ka ke ki ko la le li lo lu ma me mi mo na ne ni no pa pe pi po ra re ri ro sa se si so ta te ti to va ve vi vo za zo".split()
ENDINGS = "n r l t s x m rd ck nt".split()
COLOURS = "black white blue red green grey pink silver".split()
HAN = "天地水火山石田土木金玉衣食住行书画灯光电机车船桌椅床柜锅碗盘杯瓶刀布包鞋帽手表环链镜笔纸茶酒米面油盐糖果花草树叶鸟鱼虫"


def word(least, most):
    return "".join(RNG.choice(SYLLABLES) for _ in range(RNG.randint(least, most))) + RNG.choice(ENDINGS)


KINDS = [word(1, 2) for _ in range(1500)]
SORTS = [word(1, 2) for _ in range(800)]
LINES = [word(2, 3) for _ in range(8000)]
MAKERS = [word(1, 3).capitalize() for _ in range(max(20, min(20000, COUNT // 40)))]
HAN_KINDS = ["".join(RNG.choice(HAN) for _ in range(RNG.choice((2, 2, 3)))) for _ in range(600)]
HAN_WORDS = ["".join(RNG.choice(HAN) for _ in range(2)) for _ in range(2000)]
TOPS = [word(2, 3).capitalize() for _ in range(20)]


def skewed(items):
    return items[int(len(items) * RNG.random() ** 2)]


def category(kind):
    return "%s > %s > %s" % (TOPS[kind % len(TOPS)], word_of(kind // 12), KINDS[kind % len(KINDS)].capitalize() + "s")


def word_of(n):
    return LINES[n % len(LINES)].capitalize()


def product(i):
    kind = int(len(KINDS) * RNG.random() ** 1.5)
    maker = skewed(MAKERS)
    model = "%s%d%s" % (RNG.choice("ABCDEFGHKMRSTX"), RNG.randint(10, 99999), RNG.choice(("", "", "X", "S", "B")))
    if RNG.random() < 1 / 6:
        title = maker + " " + "".join(RNG.choice(HAN_WORDS) for _ in range(3)) + HAN_KINDS[kind % len(HAN_KINDS)] + " " + model
    else:
        title = " ".join((maker, skewed(LINES).capitalize(), RNG.choice(SORTS).capitalize(), KINDS[kind].capitalize(), model))
        if RNG.random() < 0.6:
            title += ", %s, %d %s" % (RNG.choice(COLOURS), RNG.randint(1, 60), RNG.choice(("inch", "ml", "pack")))
        if RNG.random() < 0.3:
            title += " for " + KINDS[RNG.randrange(len(KINDS))].capitalize()
    return (
        '{"id":"p%07d","title":"%s","url":"https://shop.example/p/%d","image":"https://img.shop.example/%d.jpg","price":"%d.%02d USD",'
        '"availability":"in_stock","brand":"%s","category":"%s","updated_at":"2026-10-%02dT00:00:00Z"%s}'
        % (i, title, i, i, RNG.randint(1, 900), RNG.randint(0, 99), maker, category(kind), RNG.randint(1, 28),
           ',"merchant":"m%03d"' % (i % MERCHANTS) if MERCHANTS > 1 else "")
    )


write = sys.stdout.write
for n in range(COUNT):
    write(product(n) + "\n")
