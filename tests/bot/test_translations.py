"""Every sentence the bot says is in every catalog, whole."""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

import pytest
from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_keywords, parse_mapping_cfg
from babel.messages.pofile import read_po

from analytics.languages import LOCALES
from analytics.telegram import limits
from analytics.telegram.i18n import _, translations
from analytics.telegram.texts import rights
from bot import texts
from tests.support import ROOT
from tests.support.documents import code
from tests.support.languages import SHIPPED, TRANSLATED

BASH, PATH_OF_SCRIPT = code("docs/translating.md", "Translate", "sh").split()
SCRIPT = ROOT / PATH_OF_SCRIPT
# The catalogs are of both; what speaks to people is in the second ones.
ROOMS = (ROOT / "bot", ROOT / "analytics")
SPEAKING = (ROOT / "bot", ROOT / "analytics" / "telegram")

# What speaks to operators, in their terminals, logs and metrics, and the invented Telegram.
NOT_TO_PEOPLE = {
    *(
        "announcement.py",
        "cli",
        "demo",
        "sandbox",
        "environment.py",
        "failures.py",
        "i18n.py",
        "logs",
        "metrics.py",
    ),
    *("session.py", "setting_types.py", "settings.py", "terminal.py"),
}
# What is the same in every language: markup, places to fill in, commands, settings.
FIXED = re.compile(r"<code>.*?</code>|</?\w+>|\{\w+\}|(?<![\w<])/\w+|\b[A-Z]+_[A-Z_]+\b")
# Number -> which of the forms, as the languages have it.
TWO_FORMS = {0: 1, 1: 0, 2: 1, 11: 1, 21: 1, 1_000_000: 1}
THREE_FORMS = {0: 2, 1: 0, 2: 1, 4: 1, 5: 2, 11: 2, 14: 2, 21: 0, 22: 1, 25: 2, 111: 2, 112: 2}
PLURAL_FORMS = {"de": TWO_FORMS, "es": TWO_FORMS, "ru": THREE_FORMS, "uk": THREE_FORMS}

Sentence = str | tuple[str, ...]


def said(within: str = "") -> set[Sentence]:
    """Every sentence that the script finds, with its plural if it has one.

    With `within`, only those in files of names that end so.
    """
    [(mapping, keywords)] = re.findall(
        r"^pybabel .*extract -F (\S+) .*-k '(.*?)'", SCRIPT.read_text(), re.MULTILINE
    )
    with (ROOT / mapping).open() as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    wanted = {"N_": None} | parse_keywords(keywords.split())
    found = chain.from_iterable(
        extract_from_dir(room, methods, options, keywords=wanted) for room in ROOMS
    )
    return {sentence for file, _line, sentence, *_more in found if file.endswith(within)}


def catalog(language: str, locales: Path = LOCALES) -> Catalog:
    with (locales / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=language)


def forms(text: object) -> list[str]:
    """One, or one for each kind of number."""
    return [text] if isinstance(text, str) else list(text)  # type: ignore[call-overload]


def fixed(text: str) -> Counter[str]:
    return Counter(FIXED.findall(text))


def modules(rooms: Iterable[Path] = ROOMS) -> Iterator[tuple[Path, ast.Module]]:
    for room in rooms:
        for file in sorted(room.rglob("*.py")):
            if file.relative_to(room).parts[0] not in NOT_TO_PEOPLE:
                yield file.relative_to(ROOT), ast.parse(file.read_text("utf-8"))


def is_marked(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"_", "N_"}
    )


def for_no_people(node: ast.AST) -> bool:
    """What goes into the log, is raised or compared, is a docstring, or a place in a picture."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id="logger"))):
            return True
        # What is wrong and what to do, as errors and findings carry it to operators.
        case ast.Assign(targets=[ast.Name(id="problem" | "remedy")]):
            return True
        case ast.Call(func=ast.Name(id="Remark" | "Task" | "Finding")):
            return True
        case ast.Raise() | ast.Assert() | ast.Compare() | ast.Expr(value=ast.Constant()):
            return True
        case ast.keyword(arg="loc"):
            return True
    return False


def texts_outside(node: ast.AST) -> Iterator[str]:
    """Texts of two words and more that are not marked."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Constant) and isinstance(child.value, str):
            words = re.sub(r"<[^>]*>", "", child.value)
            if re.search(r"[^\W\d_] | [^\W\d_]", words):
                yield child.value
        elif not is_marked(child) and not for_no_people(child):
            yield from texts_outside(child)


def test_every_text_for_people_is_marked() -> None:
    outside = {str(file): list(texts_outside(tree)) for file, tree in modules(SPEAKING)}

    assert {file: found for file, found in outside.items() if found} == {}


def test_every_marked_text_is_found() -> None:
    """Within an f-string, for one, it would not be."""
    marked = set()
    for _file, tree in modules():
        for call in filter(is_marked, ast.walk(tree)):
            assert isinstance(call, ast.Call)
            literal = [arg.value for arg in call.args if isinstance(arg, ast.Constant)]
            marked |= {tuple(literal) if len(literal) > 1 else literal[0]} if literal else set()

    assert marked == said(within=".py")


def test_what_is_translated_later_is_translated_where_it_is_said() -> None:
    later = {
        f"{file.stem}.{target.id}"
        for file, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and is_marked(node.value)
        for target in node.targets
        if isinstance(target, ast.Name) and target.id.isupper()
    }
    bare = []
    for file, tree in modules(SPEAKING):
        marked = filter(is_marked, ast.walk(tree))
        translated = {id(argument) for call in marked for argument in ast.iter_child_nodes(call)}
        for node in ast.walk(tree):
            match node:
                case ast.Attribute(value=ast.Name(id=module), attr=attribute):
                    name = f"{module}.{attribute}"
                case ast.Name(id=variable, ctx=ast.Load()):
                    name = f"{file.stem}.{variable}"
                case _:
                    continue
            if name in later and id(node) not in translated:
                bare.append(f"{file}: {name}")

    assert later >= {"limits.SLOW_DOWN", "rights.CONFIRM"}
    assert bare == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_sentence_is_translated(language: str) -> None:
    messages = [message for message in catalog(language) if message.id]

    assert {message.id for message in messages} == said()
    assert [message.id for message in messages if message.fuzzy] == []
    assert list(catalog(language).obsolete) == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_has_every_form_and_all_that_is_to_stay(language: str) -> None:
    number_of_forms = catalog(language).num_plurals
    for message in catalog(language):
        original, translated = forms(message.id), forms(message.string)
        assert len(translated) == (number_of_forms if len(original) > 1 else 1)
        if not message.id:
            continue

        assert all(form.strip() for form in translated)
        # The singular may do without the number, and then some languages need it, for 21.
        assert fixed(translated[0]) in map(fixed, original)
        for form in translated[1:]:
            assert fixed(form) == fixed(original[1])


def glossary() -> Iterator[tuple[str, str, str]]:
    """Each English term of docs/translating.md, with a language and the words it has for it."""
    table = re.findall(r"^\| (.*) \|$", (ROOT / "docs" / "translating.md").read_text("utf-8"), re.M)
    names = table[0].split(" | ")[1:]
    for row in table[2:]:
        # What is in parentheses explains, and a star says where a word is from.
        english, *others = re.sub(r"\([^|]*?\)|\*|\bto ", "", row).split("|")
        for language in TRANSLATED:
            words = dict(zip(names, others, strict=True)).get(Locale(language).english_name or "")
            if words is None:
                continue  # of a fork
            for term, translated in zip(english.split(","), words.split(","), strict=True):
                yield term.strip(), language, translated.strip()


def beginnings(words: str) -> set[str]:
    """What stays of each word in most of its forms."""
    return {word[: max(2, min(4, len(word) - 2))] for word in words.lower().split()}


@pytest.mark.parametrize(("term", "language", "words"), [*glossary()])
def test_the_glossary_has_the_words_of_most_translations(
    term: str, language: str, words: str
) -> None:
    uses = [
        all(word in " ".join(forms(message.string)).lower() for word in beginnings(words))
        for message in catalog(language)
        if re.search(rf"\b{term}", FIXED.sub("", forms(message.id)[-1]), re.IGNORECASE)
    ]

    assert 2 * sum(uses) >= len(uses)


@pytest.mark.parametrize("language", sorted({*PLURAL_FORMS} & {*TRANSLATED}))
def test_numbers_get_the_form_that_the_catalog_says_whatever_babel_knows(language: str) -> None:
    """Babel changes its plural rules between releases; the translations were made for these."""
    compiled = translations().locales[language]
    several = next(message for message in catalog(language) if len(forms(message.id)) > 1)
    one, many = forms(several.id)

    for n, form in PLURAL_FORMS[language].items():
        assert compiled.ngettext(one, many, n) == forms(several.string)[form], n


@pytest.mark.parametrize("language", SHIPPED)
def test_what_telegram_limits_fits(language: str) -> None:
    with translations().use_locale(language):
        assert max(len(_(each.purpose)) for each in texts.COMMANDS) <= 256
        assert len(_(limits.SLOW_DOWN)) <= 200  # it is a toast, too
        assert len(_(rights.FILE)) <= 1024


def test_the_script_finds_nothing_to_change_and_begins_a_language(tmp_path: Path) -> None:
    for room in (*ROOMS, SCRIPT.parent):
        shutil.copytree(room, tmp_path / room.relative_to(ROOT))
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    script = tmp_path / SCRIPT.relative_to(ROOT)
    subprocess.run([BASH, script, "fr"], env={"PATH": path}, check=True, capture_output=True)
    after = tmp_path / LOCALES.relative_to(ROOT)

    for language in TRANSLATED:
        for before, now in zip(catalog(language), catalog(language, after), strict=True):
            assert (before.id, before.string, before.flags) == (now.id, now.string, now.flags)
    assert {message.id for message in catalog("fr", after) if message.id} == said()
