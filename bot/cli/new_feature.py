"""`new-feature`: copy the example of a feature under another name."""

import keyword
import re
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.errors import WrongUse, user_errors

FEATURES = Path(__file__).parents[1] / "features"
EXAMPLE = "reminder"
IMPORTS = re.compile(
    r"(?<=^from bot\.features import \(\n)(?P<names>(?:    \w+,\n)+)", re.MULTILINE
)
FEATURE = re.compile(r"(?:^    \w+\.FEATURE,\n)+", re.MULTILINE)
# The words of the example that are its name.
NAMES = {
    "ReminderSteps": "{Name}Steps",
    '"remind"': '"{name}"',
    "reminder-": "{name}-",
    "reminder_set": "{name:.28}_set",
}


def new_feature(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Its module and command, such as shop.")
    ],
) -> None:
    """Copy the example in bot/features, and register the copy.

    Example: python main.py new-feature shop
    """
    with user_errors(remarking=False):
        new = copy(name, FEATURES)
    typer.echo(f"made {new.relative_to(FEATURES.parents[1])}: /{name} works at the next start")
    typer.echo("now change what it does, and what its FEATURE says about it", err=True)


def copy(name: str, folder: Path) -> Path:
    """Copy the example in a folder of features, and register the copy; return its file.

    Raises WrongUse if the name cannot be that of a module and of a command, or is taken, or if the
    folder is not that of a bot's source code.
    """
    registry, new = folder / "__init__.py", folder / f"{name}.py"
    if not (folder.parents[1] / "main.py").is_file():
        raise WrongUse("there is no main.py: run this in a copy of the bot's source code")
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,31}", name) or keyword.iskeyword(name):
        raise WrongUse(
            f'NAME is "{name}": give up to 32 small letters, digits and _, with a letter first'
        )
    if new.exists():
        raise WrongUse(f"{name} exists already: give another name")
    code = (folder / f"{EXAMPLE}.py").read_text("utf-8")
    for old, to in NAMES.items():
        code = code.replace(old, to.format(name=name, Name=name.title().replace("_", "")))
    code = code.replace(f'Router(name="{EXAMPLE}")', f'Router(name="{name}")')
    listed = registry.read_text("utf-8")
    if not (imports := IMPORTS.search(listed)) or not FEATURE.search(listed):
        raise WrongUse("bot/features/__init__.py is not as it was: register the copy by hand")
    names = sorted([*imports["names"].split(), f"{name},"])
    lines = "".join(f"    {each}\n" for each in names)
    listed = listed.replace(imports["names"], lines)
    listed = FEATURE.sub(rf"\g<0>    {name}.FEATURE,\n", listed, count=1)
    new.write_text(code, "utf-8")
    registry.write_text(listed, "utf-8")
    return new
