"""What shoppers did as records of User Behavior Insights 1.3: queries, and events that refer to them.

Ids of shoppers and conversations are pseudonyms here already; nothing in this module makes or keeps them.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, ValidationError

from core.errors import InvalidQuery
from core.record import Record

LONGEST_QUERY = 10_000  # characters; UBI sets no limit, a log has to
LONGEST_MESSAGE = 1024
LONGEST_ID = 256  # of a product
OFF_LIST = 0  # the schema wants a position wherever a product is named; on a list they count from 1


class Action(StrEnum):
    """What an event tells of. UBI knows the first five; the others are this shop's."""

    IMPRESSION = "impression"
    CLICK = "click"
    VIEW = "view"  # its details were opened
    ADD_TO_CART = "add_to_cart"
    PURCHASE = "purchase"
    THUMBS_UP = "thumbs_up"
    THUMBS_DOWN = "thumbs_down"
    SHORTLIST = "shortlist"
    UNSHORTLIST = "unshortlist"
    COMPARE = "compare"
    SIMILAR = "similar"  # more like this
    NOT_THIS = "not_this"
    CHIP_REMOVED = "chip_removed"
    CHIP_CHANGED = "chip_changed"
    REPAIR_UNDONE = "repair_undone"
    OFFER_TAKEN = "offer_taken"  # a relaxation
    ANSWER_CHOSEN = "answer_chosen"  # to a question that was asked beside the results


MESSAGE_TYPES: Mapping[str, str] = {
    Action.IMPRESSION: "IMPRESSION",
    Action.CLICK: "INTERACTION",
    Action.VIEW: "INTERACTION",
    Action.SHORTLIST: "INTERACTION",
    Action.UNSHORTLIST: "INTERACTION",
    Action.COMPARE: "INTERACTION",
    Action.SIMILAR: "INTERACTION",
    Action.ADD_TO_CART: "CONVERSION",
    Action.PURCHASE: "CONVERSION",
    Action.THUMBS_UP: "FEEDBACK",
    Action.THUMBS_DOWN: "FEEDBACK",
    Action.NOT_THIS: "FEEDBACK",
    Action.CHIP_REMOVED: "REFINEMENT",
    Action.CHIP_CHANGED: "REFINEMENT",
    Action.REPAIR_UNDONE: "REFINEMENT",
    Action.OFFER_TAKEN: "REFINEMENT",
    Action.ANSWER_CHOSEN: "REFINEMENT",
}
# A shopper who does one of these has found something worth a look.
INTEREST = frozenset(
    {
        Action.CLICK,
        Action.VIEW,
        Action.ADD_TO_CART,
        Action.PURCHASE,
        Action.THUMBS_UP,
        Action.SHORTLIST,
        Action.COMPARE,
        Action.SIMILAR,
    }
)


def _whole(value: object) -> object:
    """Half a surrogate pair, which a shopper's words may end in, cannot be written as UTF-8."""
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "replace").decode()
    return value


def _cut(length: int) -> BeforeValidator:
    return BeforeValidator(lambda value: value[:length] if isinstance(value, str) else value)


Said = Annotated[str, BeforeValidator(_whole)]
Words = Annotated[Said, _cut(LONGEST_QUERY)]
Label = Annotated[str, Field(max_length=100)]
Id = Annotated[str, Field(min_length=1, max_length=100)]
Moment = Annotated[AwareDatetime, AfterValidator(lambda at: at.astimezone(UTC))]
Milliseconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
# As `aisle plan` prints them: {"price_max": 50.0, "brands": ["Bosch"], "attributes": {"color": ["red"]}}
Constraints: TypeAlias = Mapping[str, bool | float | Said | tuple[Said, ...] | Mapping[str, tuple[Said, ...]]]


class Rewrite(Record):
    """Words of a query as they were written and as they were searched."""

    written: Words
    searched: Words


class SubQuery(Record):
    """One of several searches that a query became."""

    query: Words
    constraints: Constraints = Field(default_factory=dict)


class LlmUse(Record):
    """What language models took for one query; a cost that is not known is none."""

    calls: int = Field(default=0, ge=0)
    tokens: int = Field(default=0, ge=0)
    cost: float | None = Field(default=None, ge=0, allow_inf_nan=False)


class QueryAttributes(Record):
    """How a query was understood, and what became of it."""

    session_id: Id | None = None
    intent: str = ""
    constraints: Constraints = Field(default_factory=dict)
    rewrites: tuple[Rewrite, ...] = ()
    sub_queries: tuple[SubQuery, ...] = ()
    found: int | None = Field(default=None, ge=0)  # all that fits, not only the hits that are shown
    astray: bool = False  # nothing found is about the query: the hits are merely the nearest
    failed: bool = False  # it could not be answered
    timings_ms: Mapping[str, Milliseconds] = Field(default_factory=dict)  # "total", and any stage by name
    llm: LlmUse = LlmUse()


PLAIN = QueryAttributes()


class Query(Record):
    """A search as the shopper worded it, with the ids that were answered in their order."""

    user_query: Words
    query_id: Id
    timestamp: Moment
    client_id: Id | None = None
    application: Label = ""
    query_response_hit_ids: tuple[str, ...] = ()
    query_attributes: QueryAttributes = PLAIN

    @property
    def session_id(self) -> str | None:
        """The conversation it was asked in."""
        return self.query_attributes.session_id


class Object(Record):
    """What an event is about."""

    object_id: Annotated[str, Field(min_length=1, max_length=LONGEST_ID)]
    object_id_type: Literal["product"]


class Position(Record):
    """Where on the list it stood, from 1; `OFF_LIST` where on none."""

    ordinal: int = Field(ge=OFF_LIST, le=1_000_000)


class EventAttributes(Record):
    """The product of an event, and its place."""

    object: Object
    position: Position


class Event(Record):
    """Something a shopper did. The first field is what tells an event from a query in a line of the log."""

    action_name: Id
    timestamp: Moment
    query_id: Id | None = None
    client_id: Id | None = None
    session_id: Id | None = None
    application: Label = ""
    message_type: Label = ""
    message: Annotated[Said, _cut(LONGEST_MESSAGE)] = ""
    event_attributes: EventAttributes | None = None

    @property
    def product(self) -> str | None:
        """The id of the product it is about."""
        return self.event_attributes.object.object_id if self.event_attributes else None

    @property
    def position(self) -> int | None:
        """The product's place on the list, from 1; none where it was on none."""
        return (self.event_attributes.position.ordinal or None) if self.event_attributes else None


class Visitor(Record):
    """Who acts, as the server knows them; of `client` and `session` the log only sees pseudonyms."""

    client: str = ""  # what stays the same between visits: a browser's cookie, the owner of a key
    session: str = ""  # the conversation's handle
    application: str = ""  # what they use: page, rest, mcp


def query(
    words: str,
    query_id: str,
    *,
    hits: tuple[str, ...] = (),
    about: QueryAttributes = PLAIN,
    client_id: str | None = None,
    application: str = "",
    at: datetime | None = None,
) -> Query:
    """A search that was answered, now if not `at` another time."""
    try:
        return Query(
            user_query=words,
            query_id=query_id,
            timestamp=at or datetime.now(UTC),
            client_id=client_id,
            application=application,
            query_response_hit_ids=hits,
            query_attributes=about,
        )
    except ValidationError as error:
        raise InvalidQuery(_explained(error)) from error


def event(
    action: str,
    query_id: str | None = None,
    *,
    product: str | None = None,
    position: int | None = None,
    message: str = "",
    client_id: str | None = None,
    session_id: str | None = None,
    application: str = "",
    at: datetime | None = None,
) -> Event:
    """Something done with the answer of a query: to a product, or to the search itself."""
    try:
        return Event(
            action_name=action,
            timestamp=at or datetime.now(UTC),
            query_id=query_id,
            client_id=client_id,
            session_id=session_id,
            application=application,
            message_type=MESSAGE_TYPES.get(action, ""),
            message=message,
            event_attributes=place(product, position),
        )
    except ValidationError as error:
        raise InvalidQuery(_explained(error)) from error


def place(product: str | None, position: int | None) -> EventAttributes | None:
    """What an event is about, and where on the list that stood."""
    if product is None:
        return None
    return EventAttributes(
        object=Object(object_id=product, object_id_type="product"),
        position=Position(ordinal=OFF_LIST if position is None else position),
    )


def _explained(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def line(record: Query | Event) -> bytes:
    """The record as one line of JSON, without what is not known."""
    return record.model_dump_json(exclude_defaults=True).encode() + b"\n"


def parsed(text: bytes) -> Query | Event:
    """The record of one line; a `ValidationError` where it is none."""
    kind: type[Query | Event] = Event if text.startswith(b'{"action_name"') else Query
    return kind.model_validate_json(text)
