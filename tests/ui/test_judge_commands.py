"""`aisle eval judge`, `card` and `label` as scripts call them, with judges that need no network."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.ui.test_cli import aisle
from tests.ui.test_eval_commands import FEED, QRELS, QUERIES

RUN = """\
q1 Q0 1 1 3 {0}
q1 Q0 2 2 2 {0}
q1 Q0 gone 3 1 {0}
q2 Q0 3 1 2 {0}
q2 Q0 4 2 1 {0}
q3 Q0 5 1 1 {0}
"""


class Endpoint(BaseHTTPRequestHandler):
    """An OpenAI-compatible model that grades what is red, a lamp or "sturdy" 3, and all else 1."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(asked)  # type: ignore[attr-defined]
        said = asked["messages"][-1]["content"]
        product = said.partition("Product:")[2]
        grade = "3" if "Red" in said or "lamp" in product or "sturdy" in product else "1"
        content = "I would rather not say" if self.server.mute else grade  # type: ignore[attr-defined]
        message = {"role": "assistant", "content": content}
        usage = {"prompt_tokens": 100, "completion_tokens": 1, "total_tokens": 101}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        body = {"id": "1", "object": "chat.completion", "created": 1, "model": "tiny", "usage": usage}
        data = json.dumps({**body, "choices": [choice]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def model() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    server.asked, server.mute = [], False  # type: ignore[attr-defined]
    Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shop")
    (folder / "feed.csv").write_text(FEED)
    (folder / "queries.tsv").write_text(QUERIES)
    (folder / "human.qrels").write_text(QRELS)
    for name in ("old", "new"):
        (folder / f"{name}.trec").write_text(RUN.format(name))
    assert aisle("index", "feed.csv", cwd=folder).returncode == 0
    return folder


@pytest.fixture
def env(model: ThreadingHTTPServer, tmp_path: Path) -> dict[str, str]:
    """Judgments of this test alone, and a price; what was asked so far is forgotten."""
    model.asked.clear()  # type: ignore[attr-defined]
    return {"AISLE_LLM_PRICES": '{"tiny": [1000, 1000]}', "AISLE_CACHE": str(tmp_path)}


def judged(shop: Path, model: ThreadingHTTPServer, env: dict[str, str], *more: str) -> Any:
    address = f"http://127.0.0.1:{model.server_port}/v1#tiny"
    return aisle(
        "eval", "judge", "--run", "old.trec", "--run", "new.trec", "--queries", "queries.tsv",
        "--judge", address, "--out", "judged.qrels", *more, cwd=shop, **env,
    )  # fmt: skip


def test_runs_are_judged_once_with_cost_and_provenance(
    shop: Path, model: ThreadingHTTPServer, env: dict[str, str]
) -> None:
    done = judged(shop, model, env, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["pairs"], found["asked"], found["gone"], found["missing"]) == (5, 5, 1, 0)
    assert found["cost"] == pytest.approx(5 * 101 * 1000 / 1e6)
    assert found["estimate"]["cost"] > found["cost"]
    assert "5 pairs to judge" in done.stderr
    rows = (shop / "judged.qrels").read_text().splitlines()
    assert rows[0] == "q1 judged 1 3"
    assert json.loads((shop / "judged.qrels.judged.json").read_text())["judge"] == found["judge"]
    again = judged(shop, model, env, "--json")
    assert json.loads(again.stdout)["known"] == 5
    assert len(model.asked) == 5  # type: ignore[attr-defined]
    assert "all 5 pairs are judged already" in again.stderr


def test_a_comparison_by_judged_qrels_says_so_wherever_it_is_shown(
    shop: Path, model: ThreadingHTTPServer, env: dict[str, str]
) -> None:
    assert judged(shop, model, env, "--human", "human.qrels").returncode == 0
    table = aisle(
        "eval", "compare", "old.trec", "new.trec", "--qrels", "judged.qrels", "--queries", "queries.tsv",
        "--html", "report.html", cwd=shop,
    )  # fmt: skip
    assert "not by people; quadratic kappa" in " ".join(table.stdout.split())
    assert "not by people" in (shop / "report.html").read_text()
    run = aisle(
        "eval", "run", "--queries", "queries.tsv", "--qrels", "judged.qrels", "--system", "bm25", cwd=shop
    )
    assert "judged by tiny/esci-1-" in run.stdout


def test_human_grades_make_a_card_and_none_make_it_unknown(
    shop: Path, model: ThreadingHTTPServer, env: dict[str, str]
) -> None:
    done = judged(shop, model, env, "--human", "human.qrels")
    assert "quadratic kappa" in done.stdout
    card = json.loads(
        aisle("eval", "card", "judged.qrels", "--human", "human.qrels", "--json", cwd=shop).stdout
    )
    assert card["agreement"]["pairs"] == 5
    assert card["agreement"]["accuracy"]["value"] == pytest.approx(2 / 5)
    unknown = aisle("eval", "card", "judged.qrels", cwd=shop)
    assert "unknown" in unknown.stdout
    calibrated = judged(shop, model, env, "--human", "human.qrels", "--calibrate", "--json")
    assert json.loads(calibrated.stdout)["judge"].endswith("+per-grade")


def test_a_spent_budget_writes_what_there_is_and_says_how_to_go_on(
    shop: Path, model: ThreadingHTTPServer, env: dict[str, str]
) -> None:
    done = judged(shop, model, env, "--most", "2")
    assert done.returncode == 1
    assert "2 judgments are kept, the same command goes on" in done.stderr
    assert len((shop / "judged.qrels").read_text().splitlines()) == 2
    assert judged(shop, model, env).returncode == 0
    assert len((shop / "judged.qrels").read_text().splitlines()) == 5
    assert len(model.asked) == 5  # type: ignore[attr-defined]


def test_an_audit_prints_the_whole_card_and_asks_nothing_twice(
    shop: Path, model: ThreadingHTTPServer, env: dict[str, str]
) -> None:
    address = f"http://127.0.0.1:{model.server_port}/v1#tiny"
    command = ("eval", "audit", "--run", "old.trec", "--run", "new.trec", "--queries", "queries.tsv",
               "--judge", address, "--pairs", "5", "--human", "human.qrels")  # fmt: skip
    done = aisle(*command, "--json", cwd=shop, **env)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    effects = {effect["name"]: effect for effect in found["effects"]}
    assert effects["stuffing"]["difference"]["value"] == 0.0
    assert effects["padding"]["raised"]["value"] == pytest.approx(2 / 5)  # all that it would grade 1
    assert effects["injection"]["difference"]["value"] == 0.0
    assert found["retests"][0]["agreement"]["accuracy"]["value"] == 1.0
    assert found["swap"]["missing"] == found["swap"]["couples"] == 2  # it answers digits, never A or B
    asked = len(model.asked)  # type: ignore[attr-defined]
    whole = aisle(*command, cwd=shop, **env)
    assert "what else moves it" in whole.stdout
    assert "Judged twice" in whole.stdout
    again = len(model.asked) - asked  # type: ignore[attr-defined]
    assert again == 5 + 2 * 2  # the retest, and the couples that could be read neither time


def test_what_could_not_be_read_is_asked_again_only_if_so_wanted(
    shop: Path, model: ThreadingHTTPServer, env: dict[str, str]
) -> None:
    model.mute = True  # type: ignore[attr-defined]
    assert json.loads(judged(shop, model, env, "--most", "1", "--json").stdout)["missing"] == 1
    model.mute = False  # type: ignore[attr-defined]
    assert json.loads(judged(shop, model, env, "--json").stdout)["missing"] == 1
    assert json.loads(judged(shop, model, env, "--again", "--json").stdout)["missing"] == 0
    assert len(model.asked) == 1 + 4 + 1  # type: ignore[attr-defined]


def test_conversations_are_reported_journey_by_journey(shop: Path) -> None:
    (shop / "script.jsonl").write_text('{"id": "d1", "turns": ["kettle", "under $30"]}\n')
    done = aisle("eval", "conversations", "script.jsonl", "--json", cwd=shop)
    assert done.returncode == 0, done.stderr
    (journey,) = json.loads(done.stdout)
    assert [turn["utterance"] for turn in journey["turns"]] == ["kettle", "under $30"]
    assert all(not check["wrong"] for turn in journey["turns"] for check in turn["checks"])
    assert "wrong of looked at" in aisle("eval", "conversations", "script.jsonl", cwd=shop).stdout


def test_the_key_of_a_judge_is_its_rubric_too(
    shop: Path, model: ThreadingHTTPServer, env: dict[str, str]
) -> None:
    judged(shop, model, env)
    assert json.loads(judged(shop, model, env, "--rubric", "icecat", "--json").stdout)["asked"] == 5


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--out", "human.qrels"], "grades by people"),
        (["--calibrate"], "--human"),
        (["--rubric", "magic"], "esci, icecat"),
        (["--judge", "oracle"], "cross-encoder, bi-encoder, lexical, combined, embedded, URL#MODEL"),
        (["--judge", "lexical", "--reasons"], "gives no reasons"),
        (["--human", "foreign.qrels"], "qrels of another data set"),
        (["--run", "foreign.trec"], "run of another data set"),
    ],
)
def test_wrong_use_is_refused_before_anything_is_asked(
    shop: Path, model: ThreadingHTTPServer, env: dict[str, str], more: list[str], says: str
) -> None:
    (shop / "foreign.qrels").write_text("x9 0 1 3\n")
    (shop / "foreign.trec").write_text("x9 Q0 1 1 1 foreign\n")
    done = judged(shop, model, env, *more)
    assert done.returncode in (1, 2)
    assert says in done.stderr
    assert model.asked == []  # type: ignore[attr-defined]


def test_a_model_that_is_not_there_is_named(
    shop: Path, model: ThreadingHTTPServer, env: dict[str, str]
) -> None:
    done = judged(shop, model, env, "--judge", "http://127.0.0.1:9/v1#tiny")
    assert done.returncode == 1
    assert "cannot be reached" in done.stderr
    assert "0 judgments are kept" in done.stderr


def test_labelling_refuses_the_grades_of_a_judge(
    shop: Path, model: ThreadingHTTPServer, env: dict[str, str]
) -> None:
    judged(shop, model, env)
    done = aisle(
        "eval", "label", "--run", "old.trec", "--queries", "queries.tsv", "--out", "judged.qrels", cwd=shop
    )
    assert "by a judge" in done.stderr
