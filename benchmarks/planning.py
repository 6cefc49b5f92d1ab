"""How well planners understand: plans against gold plans, and what their searches find of vague needs.

Usage: python -m benchmarks.planning --index PATH [--llm none] [--wrong], PATH being an index of the
demo catalogue. Compares with searching what was said as it is. Prints Markdown.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from agent.llm.planner import open_planner
from agent.loop import Assistant
from agent.plan import Intent, Plan
from agent.steps import Answered, Failed, Searched, Understood
from core.settings import load_settings
from eval.compare import Comparison, compare
from eval.gold import VagueNeed, read_requests, read_vague_needs
from eval.planning import SLOTS, Accuracy, Part, Planner, PlanScores, differences, plans_of, score
from eval.vague import found, recall
from eval.wording import interval_text, p_text, signed
from ranking.records import Search
from tools.shop import Shop, open_shop

SETS = Path("tests/agent")
PARTS: tuple[Part, ...] = ("intent", "queries", "whole")


def as_said(history: Sequence[str], utterance: str) -> Plan:  # noqa: ARG001  it has no memory
    """The planner that understands nothing: the utterance is the query."""
    return Plan(intent=Intent.FIND, searches=(Search(query=utterance),))


def planner_of(assistant: Assistant) -> Planner:
    """The assistant as a planner: the last plan of the last turn, with the searches that were really made."""

    def planned(history: Sequence[str], utterance: str) -> Plan:
        state, plan = assistant.begin(), Plan(intent=Intent.CHAT)
        for message in (*history, utterance):
            plan = Plan(intent=Intent.CHAT)
            for step in assistant.run(state, message):
                match step:
                    case Understood():
                        plan = step.plan
                    case Searched() if step.results.groups:
                        made = tuple(group.search for group in step.results.groups)
                        plan = plan.model_copy(update={"searches": made})
                    case Answered() | Failed():
                        state = step.state
        return plan

    return planned


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--index", required=True)
    parser.add_argument("--llm", default="none")
    parser.add_argument("--requests", type=Path, default=SETS / "requests.jsonl")
    parser.add_argument("--vague", type=Path, default=SETS / "vague.jsonl")
    parser.add_argument("--wrong", action="store_true", help="name the requests that each planner gets wrong")
    given = parser.parse_args()
    settings = load_settings(index=given.index, llm=given.llm)
    shop, planner = open_shop(settings), open_planner(settings, print)
    assistant = Assistant(shop, planner=planner)
    planners: dict[str, Planner] = {"as said": as_said, given.llm: planner_of(assistant)}
    requests = read_requests(given.requests)
    scored = {name: score(requests, plans_of(planner, requests)) for name, planner in planners.items()}
    print_accuracy(scored)
    print_slots(scored)
    print_vague(planners, read_vague_needs(given.vague), shop)
    if given.wrong:
        for name, scores in scored.items():
            wrong = [request for request, one in scores.by_request.items() if not one.whole]
            print(f"\n{name}: {', '.join(wrong)}")
    shop.close()


def print_accuracy(scored: Mapping[str, PlanScores]) -> None:
    """Shares of requests by planner, and the difference of each to the first, by kind."""
    baseline = next(iter(scored))
    print("| planner | intent | queries | whole plan | more than the first |\n|---|---|---|---|---|")
    ahead = ahead_of_first(differences(scored, baseline))
    for name, scores in scored.items():
        shares = (scores.accuracy(part) for part in PARTS)
        print(f"| {name} | {' | '.join(map(share, shares))} | {ahead.get(name, '')} |")
    kinds = scored[baseline].kinds
    print(f"\n| whole plan | n | {' | '.join(scored)} |\n|---|---|{'---|' * len(scored)}")
    for kind in sorted(kinds):
        shares = (scores.accuracy("whole", kind) for scores in scored.values())
        print(f"| {kind} | {len(kinds[kind])} | {' | '.join(map(share, shares))} |")


def print_slots(scored: Mapping[str, PlanScores]) -> None:
    """Precision and recall of every kind of slot, micro-averaged over the requests."""
    print("\n| slots | planner | precision | recall | asked | given |\n|---|---|---|---|---|---|")
    for name in SLOTS:
        for planner, scores in scored.items():
            counted = scores.slots(name)
            shares = (
                ("-" if value is None else f"{value:.3f}") for value in (counted.precision, counted.recall)
            )
            print(f"| {name} | {planner} | {' | '.join(shares)} | {counted.asked} | {counted.given} |")


def print_vague(planners: Mapping[str, Planner], needs: Sequence[VagueNeed], shop: Shop) -> None:
    """Recall@20 of what each planner's searches find, and the difference to the first."""
    recalled = {}
    for name, planner in planners.items():
        shown = {
            need.id: found(shop.index, planner((), need.query).searches, "rerank", shop.ranker)
            for need in needs
        }
        recalled[name] = recall(needs, shown)
    baseline = next(iter(planners))
    compared = compare(recalled, baseline=baseline, slices={}, metric="Recall@20")
    ahead = ahead_of_first(compared)
    print(f"\n| {len(needs)} vague needs | Recall@20 | more than the first |\n|---|---|---|")
    for mean in compared.overall.means:
        print(
            f"| {mean.run} | {mean.value:.3f} ({interval_text(mean.interval)}) | {ahead.get(mean.run, '')} |"
        )


def ahead_of_first(compared: Comparison) -> dict[str, str]:
    """By planner, how far its mean is from the first's."""
    found = {}
    for one in compared.overall.differences:
        interval = interval_text(one.interval, sign=True)
        found[one.run] = f"{signed(one.value, 3)} ({interval}), {p_text(one.adjusted_p)}"
    return found


def share(accuracy: Accuracy) -> str:
    """A share with its interval."""
    return f"{accuracy.value:.3f} ({interval_text(accuracy.interval)})"


if __name__ == "__main__":
    main()
