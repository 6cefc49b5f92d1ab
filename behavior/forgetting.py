"""Forgetting a shopper: what they did is erased, and nothing of them is logged from then on.

Whom is kept as a pseudonym, so that the list names nobody. Writes no records.
"""

import os
from pathlib import Path

from behavior.folder import FORGOTTEN, flush_folder, translated
from behavior.pseudonyms import is_pseudonym, pseudonym, secret_of
from behavior.upkeep import erase, orphans
from core.errors import InvalidQuery
from core.record import Record


class Forgotten(Record):
    """How many records of a shopper were erased here.

    Those in files of a running server are hidden from every reader at once, and erased by it in a second.
    """

    client_id: str
    records: int


def forget(folder: Path, client: str) -> Forgotten:
    """Forget a shopper, by the name that the server knows or by the pseudonym that the log shows."""
    if not client.strip():
        raise InvalidQuery("name the client to be forgotten")
    if not folder.is_dir():
        raise InvalidQuery(f"there is no behaviour log in {folder}; set AISLE_DATA to where it is")
    with translated(folder):
        name = client if is_pseudonym(client) else pseudonym(secret_of(folder), "client", client)
        path = folder / FORGOTTEN
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as file:
            file.write(f"{name}\n".encode())
            file.flush()
            os.fsync(file.fileno())
        flush_folder(folder)
        count = 0
        for files in orphans(folder):
            count += erase(folder, files, [name])
    return Forgotten(client_id=name, records=count)
