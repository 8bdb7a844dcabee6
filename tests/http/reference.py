"""A small reference for the books, written from the contract and not from the code: what a seeded mix of operations must add up to."""
import random
import time
from collections import defaultdict

T0 = int(time.time()) // 86400 * 86400 - 60 * 86400  # two months ago; all dates of a mix lie behind it and before today
RATE = 100_000      # ppm, everywhere
COUNTS = ("pending", "approved", "paid")


def half_even(n, d):
    whole, rest = divmod(abs(n), d)
    if rest * 2 > d or (rest * 2 == d and whole % 2):
        whole += 1
    return whole if n >= 0 else -whole


class Order:
    """States of one order by its messages: pending, approved, paid, reversed, clawed are what the commission stands at."""

    def __init__(self):
        self.status = None
        self.applied = None
        self.total = 0
        self.stated = None  # (commission, total it was stated for)
        self.books = dict.fromkeys(("pending", "approved", "paid", "reversed", "clawed"), 0)
        self.rows = {}

    def commission(self):
        if self.stated is None:
            return half_even(self.total * RATE, 1_000_000)
        commission, of = self.stated
        if of == self.total or of <= 0:
            return commission
        return half_even(half_even(commission * 10_000 * self.total, of), 10_000)  # in micro units first

    def move(self, to):
        """What was paid is never unpaid."""
        b, due, was = self.books, self.commission(), self.status
        if was is not None and (was == "paid" or b["paid"]):
            want = due if to in COUNTS else 0
            net = b["paid"] - b["clawed"]
            if want < net:
                b["clawed"] += net - want
                b["reversed"] += net - want
            else:
                back = min(want - net, b["clawed"])
                b["clawed"] -= back
                b["reversed"] -= back
                b["paid"] += want - net - back
            self.status = "paid" if to in COUNTS else "reversed"
            return
        stood = due if was is None else b["reversed"] if was == "reversed" else b["pending"] + b["approved"]
        self.books = dict.fromkeys(b, 0)
        if to in COUNTS:
            self.books[to] = due
        elif to == "reversed":
            self.books["reversed"] = stood
        self.status = to


class Reference:
    def __init__(self):
        self.orders = defaultdict(Order)
        self.requests, self.clicks = set(), 0
        self.parked = defaultdict(list)

    def message(self, name, at, status, total=None, commission=None, force=False):
        o = self.orders[name]
        if o.status is not None and at <= o.applied and not force:
            return
        if total is not None:
            o.total = total
        if commission is not None:
            o.stated = (commission, o.total)
        o.applied = at if o.applied is None else max(o.applied, at)
        fresh = o.status is None
        o.move(status)
        if fresh:
            for then, amount in sorted(self.parked.pop(name, []), key=lambda p: p[0]):
                self.change(o, then, amount)

    def change(self, o, at, amount):
        o.total = max(o.total + amount, 0)
        o.applied = max(o.applied, at)
        o.move("approved")

    def adjust(self, name, at, amount):
        """amount is below zero; the message says approved."""
        o = self.orders[name]
        if o.status is None and (at, amount) not in self.parked[name]:
            self.parked[name].append((at, amount))
        elif o.status is not None and at > o.applied:
            self.change(o, at, amount)

    def row(self, name, status, at, total, commission):
        """The one row of an order in a network's report."""
        o = self.orders[name]
        new = (total, commission, status)
        if o.rows:
            then, old = o.rows["only"]
            if at < then or new == old or (at == then and self.goes_back(old[2], status)):
                o.rows["only"] = (max(at, then), old)
                return
        o.rows["only"] = (at, new)
        self.message(name, at, status, total, commission, force=True)

    @staticmethod
    def goes_back(old, new):
        if old not in COUNTS:
            return new == "pending"
        rank = {"pending": 0, "approved": 1, "paid": 2, "declined": 3, "reversed": 3}
        return rank[new] < rank[old]

    def sums(self):
        out = dict(orders=0, order_value=0, pending=0, approved=0, paid=0, reversed=0, clawed=0)
        for o in self.orders.values():
            if o.status in COUNTS:
                out["orders"] += 1
                out["order_value"] += o.total
            for k in o.books:
                out[k] += o.books[k]
        return out


def operations(seed, count):
    """The mix, as plain tuples; the same seed gives the same ones."""
    rng = random.Random(seed)
    now, made, step = T0, [], max(50 * 86400 // count, 1)
    for i in range(count):
        now += rng.randrange(0, 2 * step) if rng.random() < 0.97 else rng.randrange(-40 * step, 40 * step)
        pick = rng.random()
        name = f"o{rng.randrange(max(count // 12, 8))}"
        at = now - rng.randrange(0, 7200)
        status = rng.choice(["pending", "approved", "approved", "paid", "declined", "reversed"])
        if pick < 0.12:
            op = ("insert", f"q{rng.randrange(count // 8 + 1)}")
        elif pick < 0.22:
            op = ("click", rng.randrange(64))
        elif pick < 0.70:
            op = ("message", name, at, status, rng.randrange(0, 200_00), rng.randrange(0, 20_00) if rng.random() < 0.3 else None)
        elif pick < 0.80:
            op = ("adjust", name, at, -rng.randrange(1, 50_00))
        elif pick < 0.90:
            op = ("file", [(f"f{rng.randrange(max(count // 30, 4))}", rng.choice(["approved", "pending", "declined", "reversed"]), now - 86400 + k,
                            rng.randrange(1, 100_00), rng.randrange(0, 10_00)) for k in range(rng.randrange(1, 12))])
        elif pick < 0.99 and made:
            op = ("again", rng.choice(made[-200:]))
        else:
            op = ("restart",) if rng.random() < 40 / max(count, 40) else ("look",)
        if op[0] not in ("again", "restart", "look"):
            made.append(op)
        yield op
