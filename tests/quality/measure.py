#!/usr/bin/python3
"""make quality: tests/quality/measure.py BUILD. QUALITY's table by language for our own labelled answers and, where it is there, for
../shared/quality; errors by cause; the same without questions; look-aheads; Simplified answers written in Traditional."""
import os
import sys
from pathlib import Path

import baseline
import score
import sets

EACH = int(os.environ.get("ERRORS", "12"))  # errors shown of each cause


def without_questions(one, build):
    rules = sets.rules_with(build, "rules-alone", without_question="true")
    report, _, _ = one.score(rules=rules, questions=False)
    rows = ["links", "precision over all answers %", "recall of must-links %", "answers without shopping that got a link %", "  of the hard ones %",
            "sensitive answers that got a link"]
    print("\nwithout questions (without_question: true)")
    score.show({c: {r: t[r] for r in rows} for c, t in report.items()})


def look_aheads(one, build):
    print("\nlook-ahead     F1   precision  recall  without shopping")
    for n in (0, 32, 64, 160):
        t = one.score(rules=sets.rules_with(build, f"rules-{n}", lookahead=n))[0]["all"]
        print(f"{n:4} bytes  {t['F1']:6}  {t['precision over all answers %']:10}  {t['recall of must-links %']:6}"
              f"  {t['answers without shopping that got a link %']:6}")


def scripts(one):
    simplified, apart = sets.scripts_apart(one)
    if simplified:
        print(f"\nSimplified answers written in Traditional: {len(apart)} of {simplified} decided otherwise "
              f"({100 * len(apart) / simplified:.1f} %)", *apart[:20])


def simple_baseline(one):
    last = baseline.product_words(one.products())
    responses = [{"id": g["id"], "links": baseline.link_all(g, last, one.products())} for g in one.gold]
    t = score.score(one.gold, responses, one.products())[0]["all"]
    print(f"\nbaseline.py on the same: precision {t['precision over all answers %']}, recall {t['recall of must-links %']}")


def measure(one, build):
    print(f"==== {one.name}: {len(one.gold)} answers ====")
    report, errors, _ = one.score()
    score.show(report)
    score.show_errors(errors, EACH)
    without_questions(one, build)
    look_aheads(one, build)
    scripts(one)


def main():
    build = Path(sys.argv[1] if len(sys.argv) > 1 else "build").absolute()
    ours = sets.own(build)
    measure(ours, build)
    simple_baseline(ours)
    theirs = sets.shared(build)
    print()
    if theirs:
        measure(theirs, build)
    else:
        print("SKIP ../shared/quality is not there: only our own set was measured")


if __name__ == "__main__":
    main()
