"""Every failure Aisle reports, as one tree. Foreign exceptions are translated into it at one seam each.

AisleError
├── TryAgain            the request is wrong: change it and call again; says what is allowed
│   ├── InvalidSettings     a setting or environment variable
│   ├── InvalidSource       a feed, file or folder that cannot be read as what it should be
│   └── InvalidQuery        a query, filter or argument
└── Blocked             the request is fine: something must be put right first; says what to run
    ├── IndexMissing        nothing has been indexed there
    ├── IndexMismatch       indexed by another encoder or schema
    ├── IndexLocked         another process has it open
    ├── IndexUnavailable    the server did not answer, or refused
    ├── IndexDamaged        files of the index are gone or unreadable
    ├── ModelMissing        a model is neither cached nor reachable
    ├── ModelDamaged        a downloaded or cached file is not what the manifest says
    ├── ModelUnavailable    a hosted model did not answer, or not with what was asked for
    └── StorageFull         the disk has no room
"""


class AisleError(Exception):
    """A failure with one line that names the way out."""


class TryAgain(AisleError):
    """The caller can succeed by asking differently."""


class InvalidSettings(TryAgain):
    """A setting is unknown or out of range."""


class InvalidSource(TryAgain):
    """A source cannot be read as a product feed."""


class InvalidQuery(TryAgain):
    """A query, filter or argument is not usable."""


class Blocked(AisleError):
    """Asking differently will not help; the message says what will."""


class IndexMissing(Blocked):
    """There is no index where one was expected."""


class IndexMismatch(Blocked):
    """The index was built with another schema, encoder or dimension."""


class IndexLocked(Blocked):
    """Another process has the index open."""


class IndexUnavailable(Blocked):
    """The index server could not be reached or refused the request."""


class IndexDamaged(Blocked):
    """Files of the index are missing or unreadable."""


class ModelMissing(Blocked):
    """A model is neither in the cache nor obtainable from here."""


class ModelDamaged(Blocked):
    """Model files differ from what the manifest promises."""


class ModelUnavailable(Blocked):
    """A hosted model could not be reached, refused, or gave no usable answer."""


class StorageFull(Blocked):
    """The disk has no room for what was asked."""
