"""How well planners understand: plans against gold plans, and what their searches find of vague needs.

Usage: python -m benchmarks.planning --index PATH [--llm untaught] [--llm embedded] [--llm URL#MODEL]
       [--alone] [--sample N [--seed S]] [--price IN OUT] [--wrong]
PATH is an index of the demo catalogue. Rules alone, and with the needs they recall, are always measured; each
--llm adds that model beside them, as a conversation has it, and with --alone also what its searches are worth
without the rules. `untaught` is the embedded model without its adapter. --price is that of a million tokens
in and out. Prints Markdown.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from agent.llm.budget import Price
from agent.llm.chat import Usage
from agent.loop import Assistant
from agent.wording.answer import about
from benchmarks.planners import (
    UNTAUGHT,
    Nothing,
    Proposing,
    Took,
    alone,
    as_said,
    conversing,
    open_proposing,
    open_untaught,
)
from core.settings import Settings, load_settings
from eval.compare import Comparison, compare
from eval.gold import VagueNeed, read_requests, read_vague_needs
from eval.planning import SLOTS, Part, Planner, PlanScores, differences, plans_of, sampled, score
from eval.vague import found, recall
from eval.wording import interval_text, p_text, signed
from tools.shop import Shop, open_shop

SETS = Path("tests/agent")
PARTS: tuple[Part, ...] = ("intent", "queries", "whole")
AS_SAID, BARE, RULES = "the words as they are", "rules, nothing recalled", "rules"


class Row:
    """One planner: its name, how it plans, and what its plans took."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.took: list[Took] = []
        self.plan: Planner = as_said


def main() -> None:
    """Measure and print."""
    given = _given()
    settings = load_settings(index=given.index)
    shop = open_shop(settings)
    every = read_requests(given.requests)
    requests = sampled(every, given.sample, given.seed) if given.sample else every
    needs = read_vague_needs(given.vague)
    print(f"{len(requests)} of {len(every)} requests" + (f", seed {given.seed}" if given.sample else ""))
    models = {name.rpartition("#")[2]: _open(name, settings) for name in given.llm}
    rows = _rows(shop, models, given.alone)
    scored = {row.name: score(requests, plans_of(row.plan, requests)) for row in rows}
    print_accuracy(scored)
    print_kinds(scored)
    print_slots(scored)
    print_costs(rows, Price(prompt=given.price[0], completion=given.price[1]) if given.price else None)
    print_vague(rows, needs, shop)
    for name, model in models.items():
        print(f"\n{name}: {model.failed} answers could not be used")
        model.close()
    if given.wrong:
        _print_wrong(scored)
    shop.close()


def _given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--index", required=True)
    parser.add_argument("--llm", action="append", default=[], metavar="MODEL")
    parser.add_argument("--alone", action="store_true", help="measure each model without the rules too")
    parser.add_argument(
        "--sample", type=int, metavar="N", help="this many requests, in shares of their kinds"
    )
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--price", type=float, nargs=2, metavar=("IN", "OUT"))
    parser.add_argument("--requests", type=Path, default=SETS / "requests.jsonl")
    parser.add_argument("--vague", type=Path, default=SETS / "vague.jsonl")
    parser.add_argument("--wrong", action="store_true", help="name the requests that each planner gets wrong")
    return parser.parse_args()


def _open(name: str, settings: Settings) -> Proposing:
    if name == UNTAUGHT:
        return open_untaught(settings)
    return open_proposing(load_settings(index=settings.index, llm=name))


def _rows(shop: Shop, models: Mapping[str, Proposing], and_alone: bool) -> list[Row]:
    """The planners in the order of the tables; with a model that which people talk to is asked first."""
    departments = about(shop.index.vocabulary(), shop.currency).departments
    rows = [Row(AS_SAID), _conversing(BARE, Assistant(shop, experience=Nothing()), None)]
    rows.append(_conversing(RULES, Assistant(shop), None))
    for name, model in models.items():
        assistant = Assistant(shop, planner=model)
        bare = Assistant(shop, planner=model, experience=Nothing())
        rows.append(_conversing(f"rules and {name}", assistant, model))
        rows.append(_conversing(f"rules, nothing recalled, and {name}", bare, model))
        if and_alone:
            row = Row(f"{name} alone")
            row.plan = alone(assistant, model, departments, row.took)
            rows.append(row)
    return rows


def _conversing(name: str, assistant: Assistant, model: Proposing | None) -> Row:
    row = Row(name)
    row.plan = conversing(assistant, model, row.took)
    return row


def print_accuracy(scored: Mapping[str, PlanScores]) -> None:
    """Shares of requests by planner, and how far each is from the rules alone and from the rules."""
    beside = [ahead_of(differences(scored, baseline), baseline) for baseline in (BARE, RULES)]
    print(f"\n| planner | intent | queries | whole plan | more than {BARE} | more than {RULES} |")
    print("|---|---|---|---|---|---|")
    for name, scores in scored.items():
        intent, queries, whole = (scores.accuracy(part) for part in PARTS)
        shares = (
            f"{intent.value:.3f} | {queries.value:.3f} | {whole.value:.3f} ({interval_text(whole.interval)})"
        )
        print(f"| {name} | {shares} | {' | '.join(ahead.get(name, '') for ahead in beside)} |")


def print_kinds(scored: Mapping[str, PlanScores]) -> None:
    """The share of whole plans by kind of request."""
    kinds = sorted(next(iter(scored.values())).kinds.items())
    print(f"\n| whole plan | {' | '.join(f'{kind} ({len(among)})' for kind, among in kinds)} |")
    print(f"|---|{'---|' * len(kinds)}")
    for name, scores in scored.items():
        shares = (f"{scores.accuracy('whole', kind).value:.2f}" for kind, _ in kinds)
        print(f"| {name} | {' | '.join(shares)} |")


def print_slots(scored: Mapping[str, PlanScores]) -> None:
    """Precision and recall of every kind of slot, micro-averaged over the requests."""
    asked = {slot: next(iter(scored.values())).slots(slot).asked for slot in SLOTS}
    print(f"\n| precision / recall | {' | '.join(f'{slot} ({n} asked for)' for slot, n in asked.items())} |")
    print(f"|---|{'---|' * len(SLOTS)}")
    for name, scores in scored.items():
        counted = (scores.slots(slot) for slot in SLOTS)
        cells = (f"{_share(one.precision)} / {_share(one.recall)}" for one in counted)
        print(f"| {name} | {' | '.join(cells)} |")


def print_costs(rows: Sequence[Row], price: Price | None) -> None:
    """What a plan takes: of every turn its time, of those that ask the model also the tokens."""
    print(
        "\n| planner | ms until the plan, p50 / p95 | turns that ask a model | of these: ms, p50 / p95"
        " | tokens in / out | cost of 1,000 turns |\n|---|---|---|---|---|---|"
    )
    for row in rows:
        if not row.took:
            continue
        asking = [took for took in row.took if took.use]
        cells = [_halves([took.ms for took in row.took]), f"{len(asking) / len(row.took):.0%}"]
        cells += [_halves([took.ms for took in asking]) if asking else "-", *_spent(row.took, price)]
        print(f"| {row.name} | {' | '.join(cells)} |")


def print_vague(rows: Sequence[Row], needs: Sequence[VagueNeed], shop: Shop) -> None:
    """Recall@20 of what each planner's searches find, and how far it is from that of the bare words."""
    recalled = {}
    for row in rows:
        shown = {
            need.id: found(shop.index, row.plan((), need.query).searches, "rerank", shop.ranker)
            for need in needs
        }
        recalled[row.name] = recall(needs, shown)
    compared = compare(recalled, baseline=AS_SAID, slices={}, metric="Recall@20")
    ahead = ahead_of(compared, AS_SAID)
    print(f"\n| {len(needs)} vague needs | Recall@20 | more than {AS_SAID} |\n|---|---|---|")
    for mean in compared.overall.means:
        interval = interval_text(mean.interval)
        print(f"| {mean.run} | {mean.value:.3f} ({interval}) | {ahead.get(mean.run, '')} |")


def ahead_of(compared: Comparison, baseline: str) -> dict[str, str]:
    """By planner, how far its mean is from the baseline's."""
    ahead = {}
    for one in compared.overall.differences:
        if one.other == baseline:
            interval = interval_text(one.interval, sign=True)
            ahead[one.run] = f"{signed(one.value, 3)} ({interval}), {p_text(one.adjusted_p)}"
    return ahead


def _print_wrong(scored: Mapping[str, PlanScores]) -> None:
    for name, scores in scored.items():
        wrong = [request for request, one in scores.by_request.items() if not one.whole]
        print(f"\n{name}: {', '.join(wrong)}")


def _spent(took: Sequence[Took], price: Price | None) -> tuple[str, str]:
    """Tokens of an average turn that asks the model, and the cost of a thousand turns of which some do."""
    uses = [one.use for one in took if one.use]
    if not uses:
        return "-", "-"
    tokens_in, tokens_out = sum(use.prompt for use in uses), sum(use.completion for use in uses)
    cost = price.of(Usage(prompt=tokens_in, completion=tokens_out)) if price else None
    spent = "-" if cost is None else f"{1000 * cost / len(took):.3f}"
    return f"{tokens_in / len(uses):.0f} / {tokens_out / len(uses):.0f}", spent


def _halves(ms: Sequence[float]) -> str:
    p50, p95 = np.percentile(ms, (50, 95))
    return f"{p50:.0f} / {p95:.0f}"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


if __name__ == "__main__":
    main()
