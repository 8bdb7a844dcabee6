#!/usr/bin/env python3
"""Fits the weights of rules/matching.yaml (`weigh`) by logistic regression on candidates that a labelled set judges.

usage: fit.py CANDIDATES.tsv GOLD.jsonl [CANDIDATES.tsv GOLD.jsonl]... [--l2 N] [--least P]

A candidate is right when it hits a labelled span (covers 34 % of it, lies half inside it) and its product lies in an acceptable category.
Answers whose id has sha1 mod 3 = 0 are left out: what is reported on them was not seen. Prints the block for the yaml, then precision and recall
at several thresholds. No random numbers: the same input gives the same weights."""
import argparse, hashlib, json, math, sys

DROP = {'small'}

def read(path):
    rows = [l.rstrip('\n').split('\t') for l in open(path, encoding='utf-8')]
    return rows[0][6:], rows[1:]

def hits(g, start, end):
    best = None
    for i, x in enumerate(g['gold_spans']):
        for s, e in [[x['start_byte'], x['end_byte']]] + x.get('alts', []):
            both = min(end, e) - max(start, s)
            if both > 0 and both >= 0.34 * (e - s) and both >= 0.5 * (end - start) and (best is None or both > best[0]):
                best = both, i
    return None if best is None else best[1]

def fit(x, y, w, l2, rounds=40):
    """Newton's method; the first column is the bias, not held back."""
    n = len(x[0])
    beta = [0.0] * n
    for _ in range(rounds):
        grad = [-l2 * b if j else 0.0 for j, b in enumerate(beta)]
        hess = [[l2 * (i == j and j > 0) + 1e-9 * (i == j) for j in range(n)] for i in range(n)]
        for xi, yi, wi in zip(x, y, w):
            p = 1 / (1 + math.exp(-max(-30, min(30, sum(a * b for a, b in zip(xi, beta))))))
            d, v = wi * (yi - p), wi * p * (1 - p)
            nz = [(j, a) for j, a in enumerate(xi) if a]
            for j, a in nz:
                grad[j] += d * a
                hj, va = hess[j], v * a
                for k, b in nz:
                    hj[k] += va * b
        step = solve(hess, grad)
        beta = [b + s for b, s in zip(beta, step)]
        if max(abs(s) for s in step) < 1e-6:
            break
    return beta

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

def read_pair(candidates, labelled, number, parts):
    names, rows = read(candidates)
    gold = {g['id']: g for g in map(json.loads, open(labelled, encoding='utf-8'))}
    for r in rows:
        g = gold.get(json.loads(r[0]))
        if g is None or g['intent'] != 'consumer':
            continue
        span = hits(g, int(r[1]), int(r[2]))
        acc = g['gold_spans'][span]['acceptable_category'].split('|') if span is not None else []
        good = any(r[5] == c or r[5].startswith(c + ' > ') for c in acc)
        f = [float(v) if n not in DROP else 0.0 for n, v in zip(names, r[6:])]
        part = 'unseen' if int(hashlib.sha1(g['id'].encode()).hexdigest(), 16) % 3 == 0 else 'seen'
        parts.setdefault((number, part), []).append((f, float(span is not None), good, g, span, r))
    return names

def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('pairs', nargs='+')
    ap.add_argument('--l2', type=float, default=3.0)
    ap.add_argument('--least', type=float, default=0.5)
    ap.add_argument('--small', type=float, default=2.8, help='by hand: the labelled sets have large catalogs')
    ap.add_argument('--show', type=int, default=-1)
    a = ap.parse_args()
    parts = {}
    for k in range(0, len(a.pairs), 2):
        names = read_pair(a.pairs[k], a.pairs[k + 1], k // 2, parts)
    seen = [p for (k, part), ps in sorted(parts.items()) if part == 'seen' for p in ps]
    if not seen:
        sys.exit('no candidates')
    # A right place with a product of another kind counts half.
    y = [p[1] * (1.0 if p[2] else 0.6) for p in seen]
    beta = fit([p[0] for p in seen], y, [1.0] * len(seen), a.l2)
    print('weigh:')
    beta[names.index('small')] = a.small
    print('  enough: %.2f' % a.least)
    for n, b in zip(names, beta):
        if abs(b) >= 0.005:
            print('  %s: %.2f' % (n, b))
    chance = lambda f: 1 / (1 + math.exp(-sum(u * v for u, v in zip(f, beta))))
    for (number, label), part in sorted(parts.items()):
        for lang in ('en', 'zh'):
            mine = [p for p in part if p[3]['lang'] == lang]
            out = []
            for t in (0.3, 0.4, 0.45, 0.5, 0.55, 0.6, 0.7):
                over = [p for p in mine if chance(p[0]) >= t]
                out.append('%.2f: %d/%d %.0f%%' % (t, sum(p[1] for p in over), len(over), 100 * sum(p[1] for p in over) / max(1, len(over))))
            print('# set %d %s %s of %d: %s' % (number, label, lang, sum(p[1] for p in mine), '  '.join(out)), file=sys.stderr)
    if a.show >= 0:
        for f, hit, good, g, span, r in parts[a.show, 'seen']:
            print('%d %.2f %s | %s | %s' % (hit, chance(f), r[0], r[3], g['answer'].encode()[int(r[1]):int(r[2])].decode()), file=sys.stderr)

if __name__ == '__main__':
    main()
