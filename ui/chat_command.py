"""`aisle chat`: the assistant in a terminal, in a pipe, or put through a file of scripted conversations.

It listens, passes on what was said, and shows the turn. What is understood and answered is not its business.
"""

import json
import sys
from collections.abc import Callable, Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from core.errors import AisleError, InvalidQuery, InvalidSource
from core.settings import load_settings
from ui import console
from ui.options import Index, Json, Planning

if TYPE_CHECKING:
    from agent.dialogue.state import State
    from agent.loop import Assistant
    from ui.chat_turn import Line, Turn

PROMPT = "> "
WELCOME = "What are you looking for? /help says what else can be typed; Ctrl-D leaves."
FAREWELL = "Goodbye."
STOPPED = "stopped; the conversation is as it was before"
HELP = """\
Say what you want in your own words, then refine it: "cheaper", "without a lid", "the second one in blue".
A letter takes what is offered beside it.

/plan      what was understood last
/history   what was said so far
/new       start over
/quit      leave; Ctrl-D does the same"""


def chat(
    llm: Planning = None,
    script: Annotated[
        Path | None, typer.Option(help='Hold the conversations of a file: {"id", "turns"} per line.')
    ] = None,
    save: Annotated[
        Path | None, typer.Option(help="Keep the conversation in this file, and go on with it next time.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Product ids per turn, in JSON.")] = 10,
    at: Index = None,
    as_json: Json = False,
) -> None:
    """Talk to the shop."""
    if script and save:
        raise InvalidQuery("--save keeps one conversation; a --script holds its own")
    settings = load_settings(index=at, llm=llm)
    from agent.loop import open_assistant

    if script:
        from eval.conversations import read_dialogues

        dialogues = read_dialogues(script)
        assistant = open_assistant(settings, console.note)
        try:
            for dialogue in dialogues:
                turns = [line.document() for line in _held(assistant, dialogue.turns, limit)]
                _print({"id": dialogue.id, "turns": turns})
        finally:
            assistant.close()
        return
    kept = _kept(save) if save else None
    assistant = open_assistant(settings, console.note)
    try:
        state = kept or assistant.begin()
        if save:
            _keep(state, save)  # now, so that a file that cannot be written is said before a word is
        _converse(assistant, state, _shown_as(limit, as_json), save, quiet=as_json)
    finally:
        assistant.close()


def _held(assistant: "Assistant", said: tuple[str, ...], limit: int) -> "Iterator[Line]":
    """A scripted conversation; a turn that fails says why, and the next one goes on from before it."""
    from ui.chat_turn import Line, line, taken

    state = assistant.begin()
    for utterance in said:
        try:
            turn = taken(utterance, assistant.run(state, utterance))
        except AisleError as error:
            yield Line(utterance=utterance, timings_ms={}, error=str(error))
            continue
        state = turn.state
        yield line(turn, limit)


def _converse(
    assistant: "Assistant",
    state: "State",
    show: "Callable[[Turn], None]",
    save: Path | None,
    *,
    quiet: bool,
) -> None:
    """Listen and answer until the shopper leaves."""
    from agent.steps import Answered
    from ui.chat_turn import taken
    from ui.chat_view import lettered

    _greet(state, quiet)
    choices: dict[str, str] = {}
    for said in _heard(quiet):
        command = said.strip().lower()
        if command in ("/quit", "/exit"):
            break
        if command.startswith("/"):
            state = assistant.begin() if command == "/new" else state
            choices = {} if command == "/new" else choices
            _obey(command, state)
        else:
            utterance = choices.get(command, said)
            try:
                turn = taken(utterance, assistant.run(state, utterance))
            except KeyboardInterrupt:
                console.note(STOPPED)
                continue
            except AisleError as error:
                console.failure(str(error))
                continue
            if isinstance(turn.end, Answered) and turn.end.unhelped:
                console.note(turn.end.unhelped)
            state = turn.state
            choices = {letter: option.say for letter, option in lettered(turn.choices).items()}
            show(turn)
        if save:
            _keep(state, save)
    if not quiet:
        console.stdout.print(Text(FAREWELL, style="dim"))


def _heard(quiet: bool) -> Iterator[str]:
    """What is typed, line by line, until the end of input or Ctrl-C; what is piped in is shown as typed."""
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    typed = sys.stdin.isatty()
    if typed:
        import readline  # noqa: F401  what is typed can be edited and recalled
    try:
        while True:
            if typed and quiet:
                console.stderr.print(PROMPT, end="")
            said = input(PROMPT if typed and not quiet else "")
            if not typed and not quiet:
                console.stdout.print(Text.assemble((PROMPT, "cyan"), said), soft_wrap=True)
            yield said
    except (EOFError, KeyboardInterrupt):
        if typed and not quiet:
            console.stdout.print()


def _obey(command: str, state: "State") -> None:
    """One of the commands that are not said to the shop."""
    from ui.chat_view import history
    from ui.plan_view import plan_report, understood

    plans = [turn.plan for turn in state.history if turn.plan]
    if command == "/help":
        console.stdout.print(HELP)
    elif command == "/history":
        console.stdout.print(history(state.history))
    elif command == "/plan" and plans:
        console.stdout.print(plan_report(understood(plans[-1])))
    elif command == "/plan":
        console.stdout.print(Text("Nothing has been understood yet.", style="dim"))
    elif command == "/new":
        console.stdout.print(Text("A new conversation.", style="dim"))
    else:
        console.note(f"{command}: not one of /help, /plan, /history, /new, /quit")
    console.stdout.print()


def _greet(state: "State", quiet: bool) -> None:
    if quiet:
        return
    if state.history:
        turns = len(state.history)
        console.note(f"going on after {turns} turn{'s' * (turns > 1)}; /history shows them, /new starts over")
    console.stdout.print(Text(WELCOME, style="dim"))
    console.stdout.print()


def _shown_as(limit: int, as_json: bool) -> "Callable[[Turn], None]":
    """How a turn is shown: drawn, or as one line of JSON."""
    from ui.chat_turn import line
    from ui.chat_view import reply

    def draw(turn: "Turn") -> None:
        console.stdout.print()
        console.stdout.print(reply(turn, console.stdout.width))
        console.stdout.print()

    return (lambda turn: _print(line(turn, limit).document())) if as_json else draw


def _print(document: dict[str, Any]) -> None:
    """One JSON line, there at once for whoever reads along."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _kept(save: Path) -> "State | None":
    """The conversation in the file; none where there is no file yet."""
    from pydantic import ValidationError

    from agent.dialogue.state import State

    try:
        return State.model_validate_json(save.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InvalidSource(f"cannot read {save} ({error.strerror})") from error
    except ValidationError as error:
        raise InvalidSource(
            f"{save} is not a conversation that was kept here ({console.validation_message(error)}); "
            "it is left as it is, name another file"
        ) from error


def _keep(state: "State", save: Path) -> None:
    """Write the conversation beside the file, then put it in its place: one of them is always whole."""
    target = save.resolve()
    partial = target.with_name(f".{target.name}.partial")
    try:
        partial.write_text(state.model_dump_json(), encoding="utf-8")
        partial.replace(target)
    except OSError as error:
        raise InvalidQuery(f"cannot write {save} ({error.strerror})") from error
