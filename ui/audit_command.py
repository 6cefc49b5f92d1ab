"""`aisle eval audit`: has a judge asked again about altered listings, and prints the whole card."""

from typing import Annotated

import typer

from ui import console
from ui.judge_commands import (
    STORE,
    By,
    Human,
    Queries,
    Raters,
    Relevant,
    Rubric,
    Runs,
    card_text,
    judging,
    settings_for,
)
from ui.options import Index, Json


def audit(
    runs: Runs,
    queries: Queries,
    k: Annotated[int, typer.Option("-k", "--k", min=1, max=1000, help="How deep into each run.")] = 10,
    by: By = "cross-encoder",
    rubric: Rubric = "esci",
    pairs: Annotated[
        int, typer.Option(min=2, max=1000, help="How many pairs are asked about again, drawn by lot.")
    ] = 40,
    human: Human = None,
    raters: Raters = None,
    relevant: Relevant = 1,
    at: Index = None,
    as_json: Json = False,
) -> None:
    """Ask a judge about stuffed, padded and lying listings, and twice; print its whole card."""
    from eval.datasets import read_queries
    from eval.judge.agreement import read_raters
    from eval.judge.audit import ASKINGS, Remembered, audited
    from eval.judge.bias import observed_effects
    from eval.judge.card import judge_card
    from eval.judge.opening import open_judge
    from eval.judge.pool import open_shelf, pooled, with_products
    from eval.judge.store import Judgments
    from eval.trec import read_qrels, read_run

    settings = settings_for(by, at)
    grades = None if human is None else read_qrels(human)
    ratings = None if raters is None else read_raters(raters)
    pooled_runs = [read_run(path) for path in runs]
    wanted = pooled(read_queries(queries), pooled_runs, k, grades)
    store = Judgments(settings.cache / STORE)
    try:
        with open_shelf(settings) as shelf, open_judge(by, settings, shelf, rubric) as opened:
            pool = with_products(wanted, shelf.products(pair.product_id for pair in wanted), grades)
            name, many = opened.judge.name, min(pairs, len(pool.cases))
            compared = f" and {2 * many:,} comparisons" if opened.pairwise else ""
            console.note(f"{name}: up to {ASKINGS * many:,} gradings{compared}; what is known is not asked")
            with judging() as on_progress:
                judge = Remembered(opened.judge, store, opened.tariff, opened.workers, on_progress)
                found = audited(judge, opened.pairwise, pool.cases, many)
            known = store.known(name, pool.cases)
    except KeyboardInterrupt:
        console.failure("stopped; what was graded is kept, the same command goes on from there")
        raise typer.Exit(130) from None
    finally:
        store.close()
    judgments = [known[case.pair.key] for case in pool.cases if case.pair.key in known]
    run, rival, *_ = (*pooled_runs, None)
    observed = observed_effects(pool.cases, judgments, grades, run=run, rival=rival) if grades else ()
    made = judge_card(
        judgments,
        grades,
        dataset=queries.stem,
        relevant=relevant,
        ratings=ratings,
        effects=(*observed, *found.effects),
        retests=(found.again,),
        swap=found.swap,
    )
    console.show(made, as_json, card_text)
