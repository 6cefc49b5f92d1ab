"""Logs from several threads until it is killed: `python -m tests.behavior.keep_logging FOLDER RUN LARGEST`.

After a record was appended, and not before, its id is written to stdout.
"""

import os
import sys
from pathlib import Path
from threading import Thread

from behavior.log import Log
from behavior.records import query

THREADS = 4
LONG = "words " * 2000  # of every fifth: a line of several pages can be torn by a kill


def main(folder: Path, run: str, largest: int) -> None:
    log = Log(folder, largest=largest)

    def keep_on(thread: int) -> None:
        number = 0
        while True:
            query_id = f"{run}-{thread}-{number}"
            log.append(query(LONG if number % 5 == 0 else "kettle", query_id))
            os.write(1, f"{query_id}\n".encode())
            number += 1

    threads = [Thread(target=keep_on, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
