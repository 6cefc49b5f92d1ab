"""Every scripted conversation held once: the share of turns that go as expected per theme, and the failures.

Usage: python -m benchmarks.journeys [--index DEMO_INDEX] [--theme NAME]. The index is that of the demo
catalogue (`aisle index demo`). Of the held-out conversations only the share is printed unless --held-out is
given, so that looking at the failures does not fit rules to them. Prints Markdown.
"""

import argparse
from collections import defaultdict

from agent.loop import Assistant
from core.settings import load_settings
from tests.journeys.form import conversations, held_out
from tests.journeys.runner import Outcome, failures, outcomes, share_passed
from tools.shop import open_shop


def main() -> None:
    """Hold, count and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--index")
    parser.add_argument("--theme")
    parser.add_argument("--held-out", action="store_true", help="print the failures of those put aside too")
    given = parser.parse_args()
    shop = open_shop(load_settings(**({"index": given.index} if given.index else {})))
    try:
        assistant = Assistant(shop)
        kept = [c for c in conversations() if given.theme in (None, c.theme)]
        found = [outcome for conversation in kept for outcome in outcomes(assistant, conversation)]
        aside = [outcome for conversation in held_out() for outcome in outcomes(assistant, conversation)]
    finally:
        shop.close()
    _print(found, aside)
    for line in failures([*found, *aside] if given.held_out else found):
        print(f"- {line}")


def _print(found: list[Outcome], aside: list[Outcome]) -> None:
    themes: defaultdict[str, list[Outcome]] = defaultdict(list)
    for outcome in found:
        themes[outcome.theme].append(outcome)
    print("| theme | conversations | turns | turns that pass |\n|---|---|---|---|")
    for name, turns in (*sorted(themes.items()), ("**all**", found), ("held out", aside)):
        if turns:
            labels = {(outcome.theme, outcome.name) for outcome in turns}
            print(f"| {name} | {len(labels)} | {len(turns)} | {100 * share_passed(turns):.1f} % |")
    print()


if __name__ == "__main__":
    main()
