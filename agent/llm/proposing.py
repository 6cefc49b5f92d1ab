"""The form in which the embedded planner is asked for searches and answers: `query; query`, or `-` for none.

Serving and training share it. Decides nothing about what a proposal is good for.
"""

from functools import cache
from pathlib import Path

from agent.llm.chat import Ask
from agent.llm.prompts import Prompt, load_prompt

MODELS = Path(__file__).with_name("models")
ADAPTER = MODELS / "planner.gguf"
NONE = "-"
MOST = 6  # searches
LONGEST_ANSWER = 48  # tokens; six searches take about thirty


def ask(said: str, so_far: str = "") -> Ask:
    """What to ask the planner about a message, and what was looked for before it."""
    prompt = _prompt()
    return Ask(messages=prompt.fill(said=written(said, so_far)), max_tokens=LONGEST_ANSWER, prompt=prompt.id)


def written(said: str, so_far: str = "") -> str:
    """The message on one line, after a line with what was looked for if anything was."""
    line = " ".join(said.split())
    return f"so far: {' '.join(so_far.split())}\n{line}" if so_far else line


def searches(answer: str) -> tuple[str, ...]:
    """The searches in an answer, none twice; none if the planner saw no wish for a product."""
    [line, *_] = answer.strip().splitlines() or [""]
    queries = (" ".join(part.split()) for part in line.split(";"))
    return tuple(dict.fromkeys(query for query in queries if query not in ("", NONE)))[:MOST]


@cache
def _prompt() -> Prompt:
    return load_prompt(MODELS / "planner.toml", {"said"})
