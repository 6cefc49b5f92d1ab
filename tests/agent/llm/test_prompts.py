from pathlib import Path

import pytest

from agent.llm.chat import Message
from agent.llm.prompts import load_prompt
from core.errors import InvalidSource

GOOD = """
version = 3
[[messages]]
role = "system"
content = "You plan. Prices are in $$."
[[messages]]
role = "user"
content = "$words, of ${known}"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "planner.toml"


def test_a_prompt_is_filled_in_and_knows_its_version(path: Path) -> None:
    path.write_text(GOOD)
    prompt = load_prompt(path, {"words", "known"})
    assert prompt.id == "planner-3"
    assert prompt.fill(words="a kettle", known="Bodum") == (
        Message(role="system", content="You plan. Prices are in $."),
        Message(role="user", content="a kettle, of Bodum"),
    )


def test_what_is_filled_in_is_not_read_as_a_template(path: Path) -> None:
    path.write_text(GOOD)
    filled = load_prompt(path, {"words", "known"}).fill(words="$known $ ${x}", known="Bodum")
    assert filled[1].content == "$known $ ${x}, of Bodum"


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("$words, ", "", r"lacks \$words"),
        ("You plan.", "You plan $this.", r"has an unknown \$this"),
        ("$$", "$", "without a name"),
        ("version = 3", "", "version: Field required"),
        ("version = 3", "version = 0", "version: "),
        ('role = "system"', 'role = "shopper"', r"messages\.0\.role"),
        ('role = "user"', 'role = "assistant"', "the last message must be the user's"),
        ("version = 3", 'version = 3\nmood = "kind"', "mood: Extra inputs"),
        ("version = 3", 'version = 3\nname = "other"', "is not a prompt"),
        ("version = 3", "version = ", "is not a prompt"),
        (GOOD, "version = 1", "messages: Field required"),
    ],
)
def test_a_prompt_that_is_not_what_its_code_expects_is_refused(
    path: Path, before: str, after: str, says: str
) -> None:
    assert before in GOOD
    path.write_text(GOOD.replace(before, after))
    with pytest.raises(InvalidSource, match=says) as caught:
        load_prompt(path, {"words", "known"})
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_prompt_that_is_not_there_is_named(path: Path) -> None:
    with pytest.raises(InvalidSource, match=r"cannot read the prompt .*planner\.toml"):
        load_prompt(path, ())
