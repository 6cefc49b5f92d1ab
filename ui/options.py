"""Options that several commands share, said once."""

from pathlib import Path
from typing import Annotated

import typer

Index = Annotated[
    str | None, typer.Option("--index", metavar="PATH|URL", help="Folder, or http://host:6333/NAME.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
Gains = Annotated[str | None, typer.Option(help="What a grade is worth: exp, esci or linear (the default).")]
Split = Annotated[str, typer.Option(help="Which part of the data set.")]
Data = Annotated[Path, typer.Option(help="Where data sets are kept.")]
