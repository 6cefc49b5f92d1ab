"""API keys in a TOML file, of which only hashes are kept. Decides who a key is, not what it may do where.

A key is 32 random bytes, so a plain SHA-256 of it cannot be guessed back: there is no password to stretch.
"""

import hashlib
import hmac
import os
import re
import secrets
import tomllib
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from pydantic import Field, ValidationError

from core.errors import InvalidQuery, InvalidSettings
from core.record import Record
from core.settings import Settings
from tools.functions import SCOPES, Scope

PREFIX = "aisle_"  # so that scanners for leaked secrets can know one
SECRET_BYTES = 32
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
HEAD = "# Written by `aisle keys`. Hashes only: a lost key cannot be read from here, make a new one.\n"


class Key(Record):
    """A key as the file knows it."""

    name: str
    scopes: tuple[Scope, ...] = Field(min_length=1)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    created: date

    @property
    def owner(self) -> str:
        """The pseudonym of whoever has the key; a new key of the same name is somebody else."""
        return f"key-{self.sha256[:16]}"


def key_file(settings: Settings) -> Path:
    """Where the keys are kept."""
    return settings.serve_keys or settings.data / "keys.toml"


def read_keys(path: Path) -> tuple[Key, ...]:
    """The keys of a file; none where there is no file."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
        return tuple(Key.model_validate({"name": name, **fields}) for name, fields in found.items())
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError) as error:  # also of TOML, UTF-8 and the record
        reason = "a key is not as it was written" if isinstance(error, ValidationError) else error
        raise InvalidSettings(
            f"cannot read the keys in {path} ({reason}); mend the file, or remove it and make new keys with: "
            "aisle keys add NAME"
        ) from None  # the cause could show a hash


def add_key(path: Path, name: str, scopes: Iterable[Scope]) -> str:
    """Make a key and return it; nobody can read it again."""
    if not NAME.fullmatch(name):
        raise InvalidQuery(f"{name!r} cannot name a key; use up to 64 letters, digits, dots and dashes")
    keys = read_keys(path)
    if any(key.name == name for key in keys):
        raise InvalidQuery(f"there is a key {name} already; remove it first, or choose another name")
    wanted = frozenset(scopes)
    secret = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    new = Key(
        name=name,
        scopes=tuple(scope for scope in SCOPES if scope in wanted),
        sha256=_hash(secret),
        created=date.today(),
    )
    _write(path, (*keys, new))
    return secret


def remove_key(path: Path, name: str) -> None:
    """Remove a key; a server that runs refuses it from its next request on."""
    keys = read_keys(path)
    left = tuple(key for key in keys if key.name != name)
    if left == keys:
        known = ", ".join(key.name for key in keys) or "none"
        raise InvalidQuery(f"there is no key {name}; there are: {known}")
    _write(path, left)


class Keyring:
    """The keys in force. A change of the file is in force with the next request."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = self._look()
        self._keys = read_keys(path)
        self._exists = self._stamp is not None

    @property
    def exists(self) -> bool:
        """Whether keys are asked for: there is a key file, or was one since the start."""
        self._keep_up()
        return self._exists

    def find(self, secret: str) -> Key | None:
        """The key that this is. Takes as long for a wrong one as for a right one."""
        self._keep_up()
        digest, found = _hash(secret), None
        for key in self._keys:
            if hmac.compare_digest(key.sha256, digest):
                found = key
        return found

    def _keep_up(self) -> None:
        stamp = self._look()
        if stamp != self._stamp:
            self._keys = read_keys(self._path)  # a file that cannot be read lets nobody in
            self._stamp = stamp
            self._exists = self._exists or stamp is not None

    def _look(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def _write(path: Path, keys: Iterable[Key]) -> None:
    """Replace the file in one step, readable by its owner alone."""
    parts = [HEAD]
    for key in keys:
        scopes = ", ".join(f'"{scope}"' for scope in key.scopes)
        parts.append(
            f'["{key.name}"]\nscopes = [{scopes}]\nsha256 = "{key.sha256}"\ncreated = {key.created}\n'
        )
    partial = path.with_name(f"{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:  # noqa: PTH123
            file.write("\n".join(parts))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise InvalidSettings(f"cannot write the keys to {path} ({error.strerror})") from error
