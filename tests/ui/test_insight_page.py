"""The insight page: who is let in and for how long, what it shows, and that shoppers' words stay words."""

import asyncio
import base64
import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from itertools import pairwise
from pathlib import Path

import pytest
from markupsafe import escape
from starlette.testclient import TestClient

from behavior.recorder import log_folder
from behavior.records import QueryAttributes, query
from core.settings import Settings, load_settings
from tests.ui.insight_sample import DAYS, HOSTILE, app_of, sample, write, write_sample
from tests.ui.serving.conftest import called
from ui.insight import numbers, plots
from ui.insight.counting import Counts, count
from ui.insight.page import Keeping, insight_page
from ui.insight.routes import COOKIE
from ui.insight.sessions import LASTS_S, MOST, Sessions
from ui.serving.keys import add_key, key_file, remove_key

NOW = datetime(2026, 8, 22, 12, tzinfo=UTC)
KEEPING = Keeping(logs=True, folder="data/behavior", days=90)
FORM = 'name="key"'


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data=tmp_path)


@pytest.fixture
def key(settings: Settings) -> str:
    return add_key(key_file(settings), "owner", ["admin"])


@pytest.fixture
def client(settings: Settings, key: str) -> Iterator[TestClient]:
    assert key
    write_sample(settings)
    with called(app_of(settings)) as opened:
        yield opened


@pytest.fixture
def inside(client: TestClient, key: str) -> TestClient:
    assert client.post("/insight", data={"key": key}).status_code == 200
    return client


class Parsed(HTMLParser):
    """What a browser would make of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.links.update(value or "" for name, value in attrs if name in ("href", "src", "action"))


def page_of(folder: Path, days: int = 30) -> str:
    return insight_page(count(folder, days, NOW), KEEPING)


def test_without_signing_in_nothing_of_the_log_is_told(client: TestClient) -> None:
    for path in ("/insight", "/insight?days=90"):
        page = client.get(path, headers={"cookie": f"{COOKIE}=guessed"})
        assert page.status_code == 200
        assert FORM in page.text
        assert "red kettle" not in page.text
        assert "searches" not in page.text


def test_the_admin_key_opens_the_page(client: TestClient, key: str) -> None:
    page = client.post("/insight?days=7", data={"key": f" {key}\n"})
    assert page.url.path == "/insight"
    assert page.url.query == b"days=7"
    assert "22 searches" in page.text
    assert "red kettle" in page.text


@pytest.mark.parametrize(("scheme", "secure"), [("http", False), ("https", True)])
def test_the_cookie_is_kept_from_scripts_and_other_sites_and_never_is_the_key(
    client: TestClient, key: str, scheme: str, secure: bool
) -> None:
    answer = client.post(f"{scheme}://127.0.0.1:7860/insight", data={"key": key}, follow_redirects=False)
    assert answer.status_code == 303
    cookie = SimpleCookie(answer.headers["set-cookie"])[COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "strict", "/insight")
    assert bool(cookie["secure"]) is secure
    assert int(cookie["max-age"]) == LASTS_S
    assert len(cookie.value) >= 43
    assert key not in str(answer.headers)


def test_each_sign_in_is_a_session_of_its_own(client: TestClient, key: str) -> None:
    first = client.post("/insight", data={"key": key}, follow_redirects=False).cookies[COOKIE]
    second = client.post("/insight", data={"key": key}, follow_redirects=False).cookies[COOKIE]
    assert first != second
    client.cookies.clear()
    replayed = client.get("/insight", headers={"cookie": f"{COOKIE}={first}"})
    assert FORM in replayed.text, "who signs in again has left the session before"


def test_all_keys_that_do_not_open_it_get_the_same_answer(client: TestClient, settings: Settings) -> None:
    searching = add_key(key_file(settings), "app", ["search", "ask"])
    bodies = [
        f"key={searching}".encode(),
        b"key=aisle_wrong",
        b"key=",
        b"",
        b"key=%FF%00%ED%A0%80",
        b"\xff\xfe=&&&",
        b"key=" + b"x" * 100_000,
    ]
    answers = [client.post("/insight", content=body) for body in bodies]
    assert {answer.status_code for answer in answers} == {403}
    assert len({answer.text for answer in answers}) == 1
    assert not any("set-cookie" in answer.headers for answer in answers)
    assert "This key does not open this page." in answers[0].text


def test_keys_cannot_be_tried_without_end(settings: Settings, key: str) -> None:
    with called(app_of(settings, per_minute=3)) as client:
        tried = [client.post("/insight", data={"key": "guessed"}).status_code for _ in range(4)]
        assert tried == [403, 403, 403, 429]
        assert client.post("/insight", data={"key": key}).status_code == 429
        assert client.get("/insight").status_code == 200


def test_a_removed_key_ends_its_sessions_at_once(inside: TestClient, settings: Settings) -> None:
    assert "red kettle" in inside.get("/insight").text
    remove_key(key_file(settings), "owner")
    assert FORM in inside.get("/insight").text
    add_key(key_file(settings), "owner", ["admin"])
    assert FORM in inside.get("/insight").text, "a new key of the same name is somebody else"


def test_signing_out_ends_the_session_for_everybody_who_has_its_cookie(inside: TestClient) -> None:
    session = inside.cookies[COOKIE]
    answer = inside.post("/insight/sign-out")
    assert FORM in answer.text
    assert COOKIE not in inside.cookies
    assert FORM in inside.get("/insight", headers={"cookie": f"{COOKIE}={session}"}).text


def test_a_form_of_another_site_signs_nobody_out(inside: TestClient) -> None:
    session = inside.cookies[COOKIE]
    inside.cookies.clear()  # as a browser does for a form of another site
    assert "set-cookie" not in inside.post("/insight/sign-out", follow_redirects=False).headers
    assert "red kettle" in inside.get("/insight", headers={"cookie": f"{COOKIE}={session}"}).text


def test_a_session_lasts_an_hour_and_only_so_many_are_kept() -> None:
    now = [0.0]
    sessions = Sessions(lambda: now[0])
    first = sessions.begin("key-1")
    now[0] = LASTS_S - 1
    assert sessions.owner(first) == "key-1"
    now[0] = LASTS_S
    assert sessions.owner(first) is None
    assert sessions.owner("") is None
    second, *others = (sessions.begin("key-1") for _ in range(MOST + 1))
    assert sessions.owner(second) is None
    assert all(sessions.owner(one) for one in others)


def test_a_server_without_keys_says_how_to_make_one_and_shows_nothing(settings: Settings) -> None:
    write_sample(settings)
    with called(app_of(settings)) as client:
        for page in (client.get("/insight"), client.post("/insight", data={"key": ""})):
            assert "aisle keys add owner --scope admin" in page.text
            assert FORM not in page.text
            assert "red kettle" not in page.text
        made = add_key(key_file(settings), "owner", ["admin"])
        assert FORM in client.get("/insight").text
        assert "red kettle" in client.post("/insight", data={"key": made}).text


def test_browsers_keep_no_copy_run_nothing_and_put_it_in_no_frame(inside: TestClient) -> None:
    for page in (inside.get("/insight"), inside.post("/insight", data={"key": "wrong"})):
        policy = page.headers["content-security-policy"]
        [style] = re.findall(r"<style>(.*?)</style>", page.text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert "default-src 'none'" in policy
        assert f"style-src 'sha256-{digest}'" in policy
        assert "script" not in policy
        assert "frame-ancestors 'none'" in policy
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert "style=" not in page.text, "the policy would not let it count"


def test_the_days_can_be_chosen_and_nonsense_is_the_usual(inside: TestClient) -> None:
    for asked, shown in (
        ("7", 7),
        ("30", 30),
        ("90", 90),
        ("8", 30),
        ("x", 30),
        ("-1", 30),
        ("7&days=1", 30),
    ):
        page = inside.get(f"/insight?days={asked}").text
        assert f'<a href="/insight?days={shown}" aria-current="page">' in page
        assert page.count('aria-current="page"') == 1


def test_what_was_counted_is_shown(tmp_path: Path) -> None:
    write(tmp_path, sample(NOW))
    page = page_of(tmp_path, 30)
    text = " ".join(re.sub(r"<[^>]+>", " ", page).split())
    assert "61 searches, 33% found nothing" in text
    assert "Found nothing 20 33% of all; 1 more failed" in text
    assert "Left without a click 100% of 20 whose results were seen" in text
    assert "Time of a search 40 ms p95 40 ms, on 22 Aug" in text
    assert "Language model 10k tokens 20 calls, cost 5.00" in text
    assert "red kettle 1 thumb down 1 of 20" in text
    assert "price up to 50 20" in text
    assert "color red 20" in text
    assert "2026-08-22 4 1 1" in text
    assert "2026-08-03 1 500 0.25" in text
    assert f"{DAYS} days of 30 had any" in text


def test_what_shoppers_typed_stays_words(tmp_path: Path) -> None:
    write(tmp_path, sample(NOW))
    page = page_of(tmp_path)
    parsed = Parsed(page)
    assert not parsed.tags & {"script", "img", "iframe"}
    assert not {name for name in parsed.attributes if name.startswith("on")}
    assert not [link for link in parsed.links if not link.startswith(("/", "#", "data:image/svg+xml,"))]
    assert all(str(escape(words)) in page for words in HOSTILE[:5])
    assert not re.search("[\u202e\u200b\u0000]", page), "what cannot be seen is not there either"
    assert HOSTILE[6] in page
    assert "x" * 161 not in page


def test_hostile_names_of_constraints_stay_words_too(tmp_path: Path) -> None:
    write(
        tmp_path,
        [query("k", "q", about=QueryAttributes(constraints={"attributes": {"<b>": ("<i>",)}}), at=NOW)],
    )
    page = page_of(tmp_path)
    assert not Parsed(page).tags & {"b", "i"}
    assert "&lt;b&gt;" in page
    assert "&lt;i&gt;" in page


def test_an_empty_log_says_how_it_fills(settings: Settings, key: str) -> None:
    with called(app_of(settings)) as client:
        page = client.post("/insight?days=7", data={"key": key}).text
    assert "No searches in these 7 days" in page
    assert str(log_folder(settings)) in page
    assert "90 days" in page
    assert not log_folder(settings).exists()


@pytest.mark.parametrize("written", [True, False])
def test_a_log_that_is_switched_off_is_said_to_be(tmp_path: Path, written: bool) -> None:
    off = load_settings(data=tmp_path, behavior=False)
    key = add_key(key_file(off), "owner", ["admin"])
    if written:
        write_sample(off)
    with called(app_of(off)) as client:
        page = client.post("/insight", data={"key": key}).text
    assert "AISLE_BEHAVIOR" in page
    assert ("Nothing is logged now." in page) is written
    assert ("The log is switched off" in page) is not written
    assert ("red kettle" in page) is written


def test_lines_that_cannot_be_read_are_told_of(tmp_path: Path) -> None:
    write(tmp_path, sample(NOW))
    [path] = tmp_path.glob("*.jsonl")
    path.write_bytes(b"nonsense\n" + path.read_bytes() + b'{"user_query":1}\n')
    assert "2 lines of the log could not be read and are left out" in page_of(tmp_path)
    path.write_bytes(b"nonsense\n")
    assert "1 line of the log could not be read and is left out" in page_of(tmp_path)


def test_a_log_that_is_too_large_is_not_counted_by_halves(tmp_path: Path) -> None:
    write(tmp_path, sample(NOW))
    counted = count(tmp_path, 90, NOW, most_s=-1.0)
    assert counted.insight is None
    page = insight_page(counted, KEEPING)
    assert "90 days are too many to count here" in page
    assert "aisle log export --to FILE.parquet --since 2026-05-25" in page


def test_days_are_counted_once_a_minute_for_all_who_ask(tmp_path: Path) -> None:
    now = [NOW]
    counts = Counts(tmp_path, lambda: now[0])
    write(tmp_path, sample(NOW))

    async def searches(days: int) -> int:
        found = (await counts.of(days)).insight
        assert found
        return found.searches

    async def asking() -> None:
        one, other = await asyncio.gather(counts.of(7), counts.of(7))
        assert one is other
        write(tmp_path, [query("mug", "new", at=NOW)])
        now[0] += timedelta(seconds=59)
        assert await searches(7) == 22
        assert await searches(30) == 62, "other days have a count of their own"
        now[0] += timedelta(seconds=1)
        assert await searches(7) == 23
        write(tmp_path, [query("mug", "newer", at=NOW)])
        now[0] -= timedelta(hours=1)
        assert await searches(7) == 24, "a clock that was put back keeps nothing fresh"

    asyncio.run(asking())


def test_a_column_is_as_high_as_its_day() -> None:
    days = [
        plots.Column(date(2026, 8, day), "t", [("good", good), ("failed", bad)])
        for day, good, bad in ((1, 10, 0), (2, 20, 10), (3, 0, 0))
    ]
    drawn = plots.columns(days, "label", numbers.short)
    found = re.findall(r'<rect class="(good|failed)" .*? y="([\d.]+)" .*? height="([\d.]+)"', drawn)
    assert [kind for kind, _, _ in found] == ["good", "good", "failed"]
    ten, twenty, more = (float(height) for _, _, height in found)
    assert twenty == pytest.approx(2 * ten, abs=0.2)
    assert more == pytest.approx(ten, abs=0.2)
    assert float(found[2][1]) + more == pytest.approx(float(found[1][1]), abs=0.2)
    assert 'aria-label="label"' in drawn


def test_a_line_is_broken_where_a_day_is_not_known() -> None:
    days = [date(2026, 8, day) for day in range(1, 7)]
    curve = plots.Curve("p50", "p50", [10.0, 20.0, None, 5.0, None, 3000.0])
    drawn = plots.curves(days, [curve], [""] * 6, "label", numbers.milliseconds)
    assert drawn.count('<line class="curve p50"') == 1
    assert drawn.count('<circle class="dot p50"') == 2
    assert re.findall(r">([\d.]+ m?s)<", drawn) == ["10 ms", "100 ms", "1 s"]


def test_names_of_lines_that_end_together_stand_apart() -> None:
    curves = [plots.Curve(name, name, [value]) for name, value in (("p50", 10), ("p95", 10), ("p99", 10))]
    drawn = plots.curves([date(2026, 8, 1)], curves, [""], "label", numbers.milliseconds)
    places = sorted(float(y) for y in re.findall(r'class="name p\d\d" .*? y="([\d.]+)"', drawn))
    assert all(below - above >= plots.APART - 0.1 for above, below in pairwise(places))


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (0, "0"),
        (0.25, "0.25"),
        (7, "7"),
        (940, "940"),
        (999.7, "1k"),
        (1200, "1.2k"),
        (35_400, "35k"),
        (4e6, "4M"),
    ],
)
def test_large_numbers_are_written_short(number: float, written: str) -> None:
    assert numbers.short(number) == written


def test_other_numbers_are_written_without_false_precision() -> None:
    assert [numbers.milliseconds(ms) for ms in (0.52, 9.9, 42.4, 1000, 1234, 61_000)] == [
        "0.52 ms",
        "9.9 ms",
        "42 ms",
        "1 s",
        "1.2 s",
        "61 s",
    ]
    assert [numbers.percent(part, 10_000) for part in (0, 5, 20, 125, 3800, 10_000)] == [
        "0%",
        "under 0.1%",
        "0.2%",
        "1.2%",
        "38%",
        "100%",
    ]
    assert [numbers.cost(amount) for amount in (0, 0.00002, 0.0031, 0.2, 1234.5)] == [
        "0.00",
        "under 0.0001",
        "0.0031",
        "0.20",
        "1,234.50",
    ]
    assert (numbers.times(1, "search", "searches"), numbers.times(1284, "search", "searches")) == (
        "1 search",
        "1,284 searches",
    )
