#!/usr/bin/env python3
"""Fits the weights of rules/matching.yaml (`weigh`, `weigh_han`) by logistic regression on candidates that a labelled set judges.

usage: fit.py CANDIDATES.tsv GOLD.jsonl [CANDIDATES.tsv GOLD.jsonl]... [--l2 N] [--han-l2 N] [--later N] [--least P] [--small W] [--han-less N] [--no-folds]

A candidate is right when it hits a labelled span (covers 34 % of it, lies half inside it) and its product lies in an acceptable category.
Each fact has a weight, and a difference for Chinese phrases that is held back more. Sets after the first weigh --later each. Of the first
set, answers whose id has sha1 mod 3 = 0 are left out altogether. Prints the blocks for the yaml, then, on stderr, precision and recall at
several thresholds as eight folds by answer give them: each answer judged by weights that were fitted without it. No random numbers: the
same input gives the same weights."""
import argparse
import hashlib
import json
import math
import sys

BY_HAND = {'small', 'foreign'}  # the labelled sets have large catalogs; foreign forbids a link
# Real Chinese answers name things in passing far oftener than ours do: --han-less is taken off what is fitted on both.
FOLDS = 8


def mod(text, n):
    return int(hashlib.sha1(text.encode()).hexdigest(), 16) % n


def hit_span(gold, start, end):
    best = None
    for i, x in enumerate(gold['gold_spans']):
        for s, e in [[x['start_byte'], x['end_byte']]] + x.get('alts', []):
            both = min(end, e) - max(start, s)
            if both > 0 and both >= 0.34 * (e - s) and both >= 0.5 * (end - start) and (best is None or both > best[0]):
                best = both, i
    return None if best is None else best[1]


class Candidate:
    """One line of candidates.c. x: (feature, value) of the facts that are not 0, those for Chinese behind the others."""

    def __init__(self, names, row, gold, number):
        self.gold, self.number, self.start, self.phrase = gold, number, int(row[1]), row[3]
        self.span = hit_span(gold, self.start, int(row[2]))
        span = gold['gold_spans'][self.span] if self.span is not None else None
        self.must = span is not None and span['must']
        self.fine = span is not None and any(row[5] == c or row[5].startswith(c + ' > ') for c in span['acceptable_category'].split('|'))
        facts = [0.0 if n in BY_HAND else float(v) for n, v in zip(names, row[6:])]
        han = facts[names.index('han')] > 0
        self.x = [(i, v) for i, v in enumerate(facts) if v]
        if han:
            self.x += [(len(names) + i, v) for i, v in self.x if names[i] not in ('bias', 'han')]
        # A right place with a product of another kind counts more than half: the words were right.
        self.y = 0.0 if span is None else 1.0 if self.fine else 0.6

    def chance(self, beta):
        return 1 / (1 + math.exp(-max(-30, min(30, sum(v * beta[i] for i, v in self.x)))))


def read_pair(candidates, labelled, number):
    rows = [line.rstrip('\n').split('\t') for line in open(candidates, encoding='utf-8')]
    names = rows[0][6:]
    gold = {g['id']: g for g in map(json.loads, open(labelled, encoding='utf-8'))}
    gold = {i: g for i, g in gold.items() if g['intent'] == 'consumer' and (number > 0 or mod(i, 3) != 0)}
    return names, gold, [Candidate(names, r, gold[json.loads(r[0])], number) for r in rows[1:] if json.loads(r[0]) in gold]


def solve(a, b):
    n = len(b)
    m = [r[:] + [v] for r, v in zip(a, b)]
    for i in range(n):
        p = max(range(i, n), key=lambda r: abs(m[r][i]))
        m[i], m[p] = m[p], m[i]
        for r in range(n):
            if r != i and m[r][i]:
                f = m[r][i] / m[i][i]
                m[r] = [u - f * v for u, v in zip(m[r], m[i])]
    return [m[i][n] / m[i][i] for i in range(n)]


def fit(rows, hold, later):
    """Newton's method; hold: how much each weight is held back."""
    n = len(hold)
    beta = [0.0] * n
    for _ in range(30):
        grad = [-h * b for h, b in zip(hold, beta)]
        hess = [[(hold[i] + 1e-9) * (i == j) for j in range(n)] for i in range(n)]
        for c in rows:
            p, w = c.chance(beta), later if c.number else 1.0
            d, v = w * (c.y - p), w * p * (1 - p)
            for j, a in c.x:
                grad[j] += d * a
                line, va = hess[j], v * a
                for k, b in c.x:
                    line[k] += va * b
        step = solve(hess, grad)
        beta = [b + s for b, s in zip(beta, step)]
        if max(abs(s) for s in step) < 1e-5:
            break
    return beta


def tell(chances, golds):
    """One link a phrase and answer, as it is placed; how many a sentence is not looked at."""
    for number, gold in enumerate(golds):
        for lang in ('en', 'zh'):
            musts = sum(x['must'] for g in gold.values() if g['lang'] == lang for x in g['gold_spans'])
            out = []
            for least in (0.3, 0.4, 0.5, 0.55, 0.6, 0.7):
                links, hits, must, seen, used = 0, 0, 0, set(), set()
                for c, p in chances:
                    i = c.gold['id']
                    if c.number != number or c.gold['lang'] != lang or p < least or (i, c.phrase) in seen:
                        continue
                    seen.add((i, c.phrase))
                    links += 1
                    if c.span is not None and (i, c.span) not in used:
                        used.add((i, c.span))
                        hits += 1
                        must += c.must
                out.append(f'{least}: {hits}/{links} = {100 * hits / max(1, links):.0f} %, recall {100 * must / max(1, musts):.0f} %')
            print(f'# set {number} {lang}: ' + '; '.join(out), file=sys.stderr)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('pairs', nargs='+')
    ap.add_argument('--l2', type=float, default=3.0)
    ap.add_argument('--han-l2', type=float, default=10.0)
    ap.add_argument('--later', type=float, default=0.5)
    ap.add_argument('--least', type=float, default=0.53)
    ap.add_argument('--small', type=float, default=4.0)
    ap.add_argument('--han-less', type=float, default=0.7)
    ap.add_argument('--no-folds', action='store_true')
    a = ap.parse_args()
    rows, golds = [], []
    for k in range(0, len(a.pairs), 2):
        names, gold, more = read_pair(a.pairs[k], a.pairs[k + 1], k // 2)
        golds.append(gold)
        rows += more
    if not rows:
        sys.exit('no candidates')
    rows.sort(key=lambda c: (c.number, c.gold['id'], c.start))
    hold = [0.0 if n == 'bias' else a.l2 for n in names] + [a.han_l2] * len(names)
    beta = fit(rows, hold, a.later)
    beta[names.index('small')] = a.small
    beta[names.index('han')] -= a.han_less
    print(f'weigh:\n  enough: {a.least:.2f}\n  last_place: 0.12')
    print(''.join(f'  {n}: {b:.2f}\n' for n, b in zip(names, beta) if abs(b) >= 0.005), end='')
    print('weigh_han:')
    print(''.join(f'  {n}: {b:.2f}\n' for n, b in zip(names, beta[len(names):]) if abs(b) >= 0.005), end='')
    if a.no_folds:
        return
    chances = []
    for fold in range(FOLDS):
        part = [c for c in rows if mod('f' + c.gold['id'], FOLDS) == fold]
        without = fit([c for c in rows if mod('f' + c.gold['id'], FOLDS) != fold], hold, a.later)
        chances += [(c, c.chance(without)) for c in part]
    tell(chances, golds)


if __name__ == '__main__':
    main()
