"""Conversations held by handle: each turn goes on from what the last one left. Understands nothing itself.

A new message ends what a model is still doing for the one before: that turn answers with what it has.
"""

from collections.abc import Callable
from contextlib import closing
from threading import Event, Lock

from agent.conversations import Conversations
from agent.dialogue.state import State, Wanted
from agent.llm.chat import Cancel
from agent.loop import Assistant, Steps
from agent.steps import Answered, Failed

PATIENCE_S = 3.0  # for the turn before to end; then the new one goes on from what was kept last


class _Running:
    """A turn that is being answered."""

    def __init__(self, cancel: Cancel) -> None:
        self.cancel = cancel
        self.ended = Event()
        self.is_late = False  # a later turn has gone on without it


class Talks:
    """What a page or a server talks through. Safe to use from several threads."""

    def __init__(self, assistant: Assistant, conversations: Conversations) -> None:
        self._assistant = assistant
        self._conversations = conversations
        self._lock = Lock()
        self._running: dict[str, _Running] = {}

    def begin(self, owner: str) -> str:
        """The handle of a new conversation."""
        return self._conversations.begin(self._assistant.begin(), owner)

    def state(self, handle: str, owner: str) -> State:
        """The conversation as its last turn left it; `InvalidQuery` where the owner has no such one."""
        return self._conversations.load(handle, owner)

    def say(self, handle: str, owner: str, message: str, cancel: Cancel | None = None) -> Steps:
        """Answer a message. Closing the steps ends the turn, and leaves the conversation as it was."""
        self.state(handle, owner)  # an unknown handle is told now, not at the first step
        mine = _Running(cancel or Cancel())
        return self._turn(handle, owner, mine, lambda state: self._assistant.run(state, message, mine.cancel))

    def change(self, handle: str, owner: str, change: Callable[[State], Wanted]) -> Steps:
        """Answer what was changed by hand in what is wanted."""
        self.state(handle, owner)
        mine = _Running(Cancel())
        return self._turn(handle, owner, mine, lambda state: self._assistant.rerun(state, change(state)))

    def _turn(self, handle: str, owner: str, mine: _Running, answer: Callable[[State], Steps]) -> Steps:
        with self._lock:
            before = self._running.get(handle)
            self._running[handle] = mine
        try:
            if before:
                before.cancel.set()
                before.is_late = not before.ended.wait(PATIENCE_S)
            with closing(answer(self.state(handle, owner))) as steps:
                for step in steps:
                    if isinstance(step, Answered | Failed) and not mine.is_late:
                        self._conversations.save(handle, owner, step.state)
                    yield step
        finally:
            mine.cancel.set()  # the shopper may have left in the middle
            mine.ended.set()
            with self._lock:
                if self._running.get(handle) is mine:
                    del self._running[handle]
