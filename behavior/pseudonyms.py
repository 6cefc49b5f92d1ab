"""Names for shoppers that lead back to nobody: keyed hashes, with a secret that only its owner can read.

Whoever has the secret can tell which records are those of an id that they know already, and no more.
"""

import re
import secrets
from hashlib import blake2b
from pathlib import Path

from filelock import FileLock

from behavior.folder import replacing
from core.errors import InvalidSettings

SECRET = "secret"  # noqa: S105  the name of the file
SECRET_BYTES = 32
PREFIX = "anon-"

_PSEUDONYM = re.compile(rf"{PREFIX}[0-9a-f]{{32}}")


def secret_of(folder: Path) -> bytes:
    """The folder's secret, made at first use; processes that begin together end with the same one."""
    path = folder / SECRET
    if not path.exists():
        with FileLock(folder / f"{SECRET}.lock"):
            if not path.exists():
                with replacing(path) as file:
                    file.write(secrets.token_bytes(SECRET_BYTES))
    secret = path.read_bytes()
    if len(secret) != SECRET_BYTES:
        raise InvalidSettings(
            f"{path} is damaged; delete it, and earlier records can no longer be told apart by shopper"
        )
    return secret


def pseudonym(secret: bytes, kind: str, name: str) -> str:
    """What stands for a name of a kind ("client", "session")."""
    said = name.encode("utf-8", "surrogatepass")
    return f"{PREFIX}{blake2b(said, key=secret, person=kind.encode(), digest_size=16).hexdigest()}"


def is_pseudonym(name: str) -> bool:
    """Whether a name is one of those that stand in the log."""
    return bool(_PSEUDONYM.fullmatch(name))
