"""A bot answers in the languages that it ships, and in English where there is no translation."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from analytics.languages import available_languages
from analytics.telegram import set_languages
from analytics.telegram.i18n import Translations, translations
from bot.sandbox import Sandbox
from bot.sandbox.calls import Call
from tests.support.command_line import invoke
from tests.support.conversation import ask
from tests.support.running import running_bot
from tests.support.settings import TOKEN


@pytest.fixture(autouse=True)
def _all_languages_again() -> Iterator[None]:
    yield
    set_languages(available_languages())


async def test_only_the_languages_that_were_chosen_are_spoken_and_loaded(
    sandbox: Sandbox, database: Path
) -> None:
    german, ukrainian = (sandbox.person(language_code=code) for code in ("de", "uk"))
    english = sandbox.person(language_code="en")
    async with running_bot(sandbox, database, languages="de"):
        answers = [await ask(person, "/help") for person in (german, ukrainian, english)]
        loaded = translations().available_locales

    assert "Was du hier tun kannst" in answers[0]
    assert answers[1] == answers[2]
    assert loaded == ("de",)
    assert {call.parameters.get("language_code") for call in menus(sandbox)} == {None, "de"}


def menus(sandbox: Sandbox) -> list[Call]:
    return [call for call in sandbox.calls if call.method == "setMyCommands"]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (
            {"LANGUAGES": "en,xx"},
            'LANGUAGES is "en,xx": give codes of languages that have a catalog, separated by '
            f"commas: {', '.join(available_languages())}",
        ),
        (
            {"LANGUAGES": "en,de", "BOT_LANGUAGE": "es"},
            'BOT_LANGUAGE is "es": give en, or another one of LANGUAGES',
        ),
        ({"BOT_LANGUAGE": "xx"}, 'BOT_LANGUAGE is "xx": give en, or another one of LANGUAGES'),
    ],
)
def test_a_language_that_is_not_there_stops_the_start(
    values: dict[str, str], sentence: str
) -> None:
    result = invoke(BOT_TOKEN=TOKEN, BOT_ENV_FILE="/dev/null", **values)

    assert result.exit_code == 2
    assert sentence in " ".join(result.stderr.split())


def test_a_service_of_another_bot_is_told_of_a_missing_catalog() -> None:
    with pytest.raises(ValueError, match="no catalog for xx"):
        set_languages(["de", "xx"])


IN_PART = r"""
msgid ""
msgstr ""
"Language: ru\n"
"Content-Type: text/plain; charset=utf-8\n"
"Plural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 && n%10<=4 ? 1 : 2);\n"

msgid "yes"
msgstr "да"

msgid "no"
msgstr ""

msgid "{n} day"
msgid_plural "{n} days"
msgstr[0] "{n} день"
msgstr[1] "{n} дня"
msgstr[2] ""
"""


def test_what_is_not_translated_is_said_in_english_in_all_its_forms(tmp_path: Path) -> None:
    path = tmp_path / "ru" / "LC_MESSAGES" / "messages.po"
    path.parent.mkdir(parents=True)
    path.write_text(IN_PART, "utf-8")
    russian = Translations(["ru"], tmp_path)
    with russian.use_locale("ru"):
        answers = [russian.gettext(word) for word in ("yes", "no", "perhaps")]
        days = [russian.gettext("{n} day", "{n} days", n) for n in (1, 2, 5, 21)]

    assert answers == ["да", "no", "perhaps"]
    assert days == ["{n} day", "{n} days", "{n} days", "{n} days"]
