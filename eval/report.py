"""The comparison as one HTML file that needs nothing else: opened from disk, mailed, printed.

Product and query text is other people's: the template escapes all of it, and the page's own policy
allows no request and no script but the one whose hash it names. Nothing is computed here that the
comparison does not already say, except which products moved.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from core.errors import InvalidQuery
from eval import plots
from eval.compare import SMALL, Comparison, Difference, Part
from eval.details import Details, QueryDetail
from eval.statistics import TIE
from eval.wording import decisive, headline, interval_text, p_text, signed

TEMPLATES = Path(__file__).parent / "templates"
MOST_QUERIES = 500  # with their products; those that differ most
HUES = 6  # in the style sheet; more systems share them


def write_report(path: Path, comparison: Comparison, details: Details) -> None:
    """Write the report to `path`, which is replaced if it exists."""
    html = render(comparison, details)
    try:
        path.write_text(html, encoding="utf-8")
    except OSError as error:
        raise InvalidQuery(f"cannot write {path} ({error.strerror})") from error


def render(comparison: Comparison, details: Details) -> str:
    """The report's HTML."""
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(signed=signed, interval=interval_text, p=p_text)
    style, script = ((TEMPLATES / name).read_text(encoding="utf-8") for name in ("report.css", "report.js"))
    everything, grades = _queries(comparison, details), _grades(details)
    return templates.get_template(
        "report.html"
    ).render(
        style=Markup(style),  # noqa: S704  our own files
        script=Markup(script),  # noqa: S704
        style_hash=_policy_hash(style),
        script_hash=_policy_hash(script),
        comparison=comparison,
        details=details,
        headline=headline(comparison),
        hues=_hues(comparison),
        systems=_systems(comparison, details),
        pairs=_pairs(comparison, everything),
        latency=_latency(comparison, details),
        slices=_slices(comparison),
        queries=_with_products(everything[:MOST_QUERIES], comparison, details),
        n_queries=len(everything),
        grades=grades,
        shades={one["grade"]: one["shade"] for one in grades},
        small=SMALL,
        shared=_shared(details),
    )


def _policy_hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _hues(comparison: Comparison) -> dict[str, int]:
    return {run: place % HUES for place, run in enumerate(comparison.runs)}


def _systems(comparison: Comparison, details: Details) -> dict[str, Any]:
    part, hues = comparison.overall, _hues(comparison)
    scale = plots.axis(end for mean in part.means for end in plots.ends(mean.value, mean.interval))
    rows = []
    for mean in comparison.ranked(part):
        label = f"{mean.run}: {mean.value:.4f}, 95% interval {interval_text(mean.interval)}"
        plot = plots.interval(scale, mean.value, mean.interval, hue=hues[mean.run], label=label)
        rows.append({"mean": mean, "plot": plot, "latency": details.latencies.get(mean.run)})
    return {"rows": rows, "ruler": plots.ruler(scale), "best": comparison.best(part)}


def _pairs(comparison: Comparison, queries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    found, hues = comparison.overall.differences, _hues(comparison)
    scale = plots.axis((end for one in found for end in plots.ends(one.value, one.interval)), zero=True)
    rows = []
    for place, one in enumerate(found):
        label = f"{one.run} minus {one.other}: {signed(one.value)}"
        bars = [
            plots.Bar(
                str(query["anchor"]),
                f"{query['text']}: {signed(query['deltas'][place])} ("
                f"{one.run} {query['scores'][one.run]:.2f}, {one.other} {query['scores'][one.other]:.2f})",
                query["deltas"][place],
            )
            for query in queries
        ]
        sides = (hues[one.run], hues[one.other])
        ends = sides if comparison.higher_is_better else sides[::-1]
        title = f"{comparison.metric} of {one.run} minus {one.other}, query by query"
        rows.append(
            {
                "difference": one,
                "plot": plots.interval(scale, one.value, one.interval, hue=None, label=label),
                "shares": plots.shares(one.wins, one.ties, one.losses, hues=sides),
                "bars": plots.difference_bars(bars, title, hues=ends),
            }
        )
    return {"rows": rows, "ruler": plots.ruler(scale), "first": found.index(decisive(comparison))}


def _better(comparison: Comparison, found: Difference) -> str:
    return found.run if (found.value > 0) == comparison.higher_is_better else found.other


def _latency(comparison: Comparison, details: Details) -> Markup | None:
    means, hues = {mean.run: mean for mean in comparison.overall.means}, _hues(comparison)
    spots = [
        plots.Spot(run, hues[run], details.latencies[run].p50_ms, means[run].value, means[run].interval)
        for run in comparison.runs
        if run in details.latencies
    ]
    if not spots:
        return None
    label = f"{comparison.metric} against median milliseconds per query"
    return plots.latency(spots, label, "median ms per query")


def _slices(comparison: Comparison) -> dict[str, Any]:
    parts = comparison.slices
    if not parts:
        return {"cards": []}
    scale = plots.axis(
        (end for part in parts for mean in part.means for end in plots.ends(mean.value, mean.interval)),
        ticks=3,
    )
    cards = []
    for part in parts:
        rows = []
        for mean in part.means:
            label = f"{mean.run}: {mean.value:.4f}, 95% interval {interval_text(mean.interval)}"
            plot = plots.interval(
                scale, mean.value, mean.interval, hue=_hues(comparison)[mean.run], label=label, height=20
            )
            rows.append({"mean": mean, "plot": plot})
        cards.append(
            {"part": part, "rows": rows, "best": comparison.best(part), "finding": _finding(comparison, part)}
        )
    return {"cards": cards, "ruler": plots.ruler(scale)}


def _finding(comparison: Comparison, part: Part) -> str:
    if part.small:
        return "too few queries to judge"
    certain = [found for found in part.differences if found.certain]
    if not certain:
        return "no certain difference"
    pairs = ((_better(comparison, found), {found.run, found.other}) for found in certain)
    return ", ".join(f"{better} above {(both - {better}).pop()}" for better, both in pairs)


def _queries(comparison: Comparison, details: Details) -> list[dict[str, Any]]:
    """Every scored query, those with the greatest spread between systems first.

    `anchor` is where its products are shown; for those that are too many to show, the section itself.
    """
    runs, sign = comparison.runs, 1 if comparison.higher_is_better else -1
    known = {query.id: query for query in details.queries}
    if lacking := [query for query in comparison.per_query[runs[0]] if query not in known]:
        count = f"{len(lacking)} compared {'query' if len(lacking) == 1 else 'queries'}"
        raise InvalidQuery(f"the details lack {count}, {lacking[0]}; describe the dataset that was compared")
    found: list[dict[str, Any]] = []
    for query_id in comparison.per_query[runs[0]]:
        scores = {run: comparison.per_query[run][query_id] for run in runs}
        deltas = [scores[one.run] - scores[one.other] for one in comparison.overall.differences]
        found.append(
            {
                "id": query_id,
                "text": known[query_id].text,
                "detail": known[query_id],
                "scores": scores,
                "deltas": deltas,
                "gains": [sign * delta for delta in deltas],
                "best": max(sign * score for score in scores.values()),
                "spread": max(scores.values()) - min(scores.values()),
            }
        )
    found.sort(key=lambda one: (-one["spread"], one["id"]))
    return [
        {**one, "anchor": f"q{place}" if place < MOST_QUERIES else "queries"}
        for place, one in enumerate(found)
    ]


def _with_products(
    queries: Sequence[Mapping[str, Any]], comparison: Comparison, details: Details
) -> list[dict[str, Any]]:
    """Queries with what their part of the page shows: scores as dots, products side by side."""
    runs, hues = comparison.runs, _hues(comparison)
    sign = 1 if comparison.higher_is_better else -1
    scale = plots.axis(score for scores in comparison.per_query.values() for score in scores.values())
    return [
        {
            **query,
            "leaders": {
                run
                for run, score in query["scores"].items()
                if abs(sign * score - query["best"]) < TIE < query["spread"]
            },
            "strip": plots.strip([(hues[run], run, query["scores"][run]) for run in runs], scale),
            "table": _side_by_side(query["detail"], runs, comparison.baseline or runs[0]),
            "found": {run: _relevant_shown(query["detail"], run, details) for run in runs},
        }
        for query in queries
    ]


def _relevant_shown(query: QueryDetail, run: str, details: Details) -> int:
    relevant = details.conventions.relevant
    return sum(one.grade is not None and one.grade >= relevant for one in query.rankings.get(run, ()))


def _side_by_side(
    query: QueryDetail, runs: Sequence[str], reference: str
) -> list[list[dict[str, Any] | None]]:
    """Row per place, column per run; each product with how far it moved from its place in `reference`."""
    places = {shown.id: place for place, shown in enumerate(query.rankings.get(reference, ()))}
    longest = max((len(query.rankings.get(run, ())) for run in runs), default=0)
    rows: list[list[dict[str, Any] | None]] = []
    for place in range(longest):
        row: list[dict[str, Any] | None] = []
        for run in runs:
            ranking = query.rankings.get(run, ())
            if place >= len(ranking):
                row.append(None)
                continue
            before = places.get(ranking[place].id)
            moved = None if before is None or run == reference else before - place
            new = before is None and run != reference
            row.append({"product": ranking[place], "moved": moved, "new": new})
        rows.append(row)
    return rows


def _shared(details: Details) -> dict[str, str]:
    """The provenance that all runs have in common, to be said once."""
    first, *others = details.provenance.values() or [{}]
    return {name: fact for name, fact in first.items() if all(one.get(name) == fact for one in others)}


def _grades(details: Details) -> list[dict[str, Any]]:
    """The legend, highest grade first; `shade` runs from 4 (best) to 1, and 0 is worth nothing."""
    gains = details.conventions.gains
    seen = {shown.grade for q in details.queries for ranking in q.rankings.values() for shown in ranking}
    grades = sorted({*gains, *(grade for grade in seen if grade is not None)}, reverse=True)
    worth = [grade for grade in grades if gains.get(grade, 0) > 0]
    shades = {
        grade: 4 if len(worth) == 1 else 4 - round(3 * place / (len(worth) - 1))
        for place, grade in enumerate(worth)
    }
    return [
        {
            "grade": grade,
            "shade": shades.get(grade, 0),
            "name": details.grade_names.get(grade, ""),
            "gain": f"{gains.get(grade, 0.0):g}",
        }
        for grade in grades
    ]
