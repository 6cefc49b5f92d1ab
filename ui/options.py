"""Options that several commands share, said once."""

from pathlib import Path
from typing import Annotated

import typer

from ranking.records import Sort

Index = Annotated[
    str | None, typer.Option("--index", metavar="PATH|URL", help="Folder, or http://host:6333/NAME.")
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
Gains = Annotated[str | None, typer.Option(help="What a grade is worth: exp, esci or linear (the default).")]
Split = Annotated[str, typer.Option(help="Which part of the data set.")]
Data = Annotated[Path, typer.Option(help="Where data sets are kept.")]

Planning = Annotated[
    str | None,
    typer.Option("--llm", metavar="none|embedded|URL#MODEL", help="Who helps the rules."),
]

Order = Annotated[
    Sort, typer.Option("--sort", help="The order of what is relevant; the rest follows by relevance.")
]
Diversity = Annotated[
    float, typer.Option(min=0, max=1, help="0 keeps the order; towards 1, look-alikes of what is shown wait.")
]
Excluded = Annotated[
    list[str] | None,
    typer.Option("--without", metavar="TERM", help="Nothing that has this; may be repeated."),
]
Unrepaired = Annotated[
    bool, typer.Option("--no-repair", help="Search the query as it is written, misspellings and all.")
]
Explain = Annotated[
    bool, typer.Option("--explain", help="Say of every hit why it is there, and of every stage what it did.")
]
