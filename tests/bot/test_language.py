"""Everyone is spoken to in the language of their client, and it is kept nowhere."""

import json
import re
import textwrap
from datetime import UTC, date, datetime, timedelta
from functools import partial
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import Action, AuditEntry, InteractionType, OwnRow, PersonalData
from analytics.notices import (
    BackupFails,
    DatabaseSetAside,
    Notice,
    NotReceiving,
    RecordingFails,
    RecordingWorks,
)
from analytics.privacy.personal_data import EXPLANATIONS
from analytics.privacy.retention import MAX_RETENTION_DAYS
from analytics.telegram.alerts import messages
from analytics.telegram.alerts.messages import Kind
from analytics.telegram.command_table import purposes
from analytics.telegram.i18n import (
    _,
    format_date,
    format_datetime,
    format_number,
    format_percent,
    translations,
)
from analytics.telegram.limits import BURST, SLOW_DOWN, LimitPerPerson
from analytics.telegram.texts import audit, cleanup, durations, privacy, rights
from bot import app, menus, texts
from bot.sandbox import Sandbox
from tests.support.bytes_on_disk import contents
from tests.support.conversation import ask
from tests.support.examples import examples
from tests.support.languages import SHIPPED
from tests.support.running import running_bot
from tests.support.second_connection import locked
from tests.support.settings import some_options

ADMIN = 6_000_000_001
NOW = datetime(2026, 11, 25, 14, 5, tzinfo=UTC)
# What a message of Telegram holds, once its HTML has been read.
MAX_LENGTH = 4096
OF_A_PERSON = ["hello", "/start", "/help", "/privacy", "/forgetme", "/optout", "/optin", "/mydata"]


def shown(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", html))


def in_language(language: str, sentence: str) -> str:
    with translations().use_locale(language):
        return shown(_(sentence))


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        ("en", ["1,234,567", "12%", "Nov 25, 2026, 14:05 UTC", "1 day", "21 days", "5 days"]),
        (
            "ru",
            ["1 234 567", "12 %", "25 нояб. 2026 г., 14:05 UTC", "1 день", "21 день", "5 дней"],
        ),
        (
            "uk",
            ["1 234 567", "12%", "25 лист. 2026 р., 14:05 UTC", "1 день", "21 день", "5 днів"],
        ),
        ("de", ["1.234.567", "12 %", "25. Nov. 2026, 14:05 UTC", "1 Tag", "21 Tage", "5 Tage"]),
        ("es", ["1.234.567", "12 %", "25 nov 2026, 14:05 UTC", "1 día", "21 días", "5 días"]),
    ],
)
def test_numbers_and_dates_take_the_form_of_the_language(language: str, forms: list[str]) -> None:
    with translations().use_locale(language):
        shown = [
            format_number(1_234_567),
            format_percent(0.1234),
            format_datetime(NOW),
            *map(durations.days, (1, 21, 5)),
        ]

        assert [re.sub(r"\s", " ", text) for text in shown] == forms
        assert format_datetime(NOW).startswith(format_date(NOW))


async def test_each_is_answered_in_the_language_of_their_client(
    sandbox: Sandbox, database: Path
) -> None:
    answers = {}
    async with running_bot(sandbox, database):
        for language in SHIPPED:
            person = sandbox.person(language_code=language)
            answers[language] = [await ask(person, text) for text in OF_A_PERSON]

    for number_of_answer in range(len(OF_A_PERSON)):
        of_each = {answers[language][number_of_answer] for language in SHIPPED}
        assert len(of_each) == len(SHIPPED)
    for language in SHIPPED:
        fallback, start, helped, policy, *_more = answers[language]
        with translations().use_locale(language):
            assert start == shown(texts.start())
            assert helped == shown(texts.help_(purposes(texts.COMMANDS)))
        assert policy.startswith(in_language(language, "🔒 <b>What is stored about you</b>"))
        assert fallback == in_language(language, texts.FALLBACK)


@pytest.mark.parametrize(
    ("code", "language"),
    [
        ("de-at", "de"),
        ("es-419", "es"),
        ("RU", "ru"),
        ("uk-Cyrl-UA", "uk"),
        *((code, "en") for code in ("en-gb", "fr", "pt-br", "zh-hans", "tlh", "", "-", "1", "д е")),
        *((code, "en") for code in ("x" * 5000, "../ru", "messages", None)),
    ],
)
async def test_another_language_and_no_language_get_english(
    sandbox: Sandbox, database: Path, code: str | None, language: str
) -> None:
    person = sandbox.person(language_code=code)
    async with running_bot(sandbox, database):
        answer, policy = await ask(person, "hello"), await ask(person, "/privacy")

    assert answer == in_language(language, texts.FALLBACK)
    assert policy.startswith(in_language(language, "🔒 <b>What is stored about you</b>"))


async def test_the_same_person_is_answered_in_the_language_of_each_moment(
    sandbox: Sandbox, database: Path
) -> None:
    person = sandbox.person()
    answers = []
    async with running_bot(sandbox, database):
        for language in SHIPPED:
            person.user["language_code"] = language
            answers.append(await ask(person, "hello"))

    assert answers == [in_language(language, texts.FALLBACK) for language in SHIPPED]


async def test_buttons_failures_and_limits_speak_it_too(
    sandbox: Sandbox, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_anything: object) -> str:
        raise ValueError("canary")

    monkeypatch.setattr(app, "LimitPerPerson", partial(LimitPerPerson, lambda: 0.0))
    monkeypatch.setattr(texts, "help_", fail)
    person, group = sandbox.person(language_code="ru"), sandbox.group()
    async with running_bot(sandbox, database):
        failed = await ask(person, "/help")
        await person.says("/privacy", chat=group)
        in_group = (await person.answer(chat=group)).text
        await ask(person, "hello")
        await person.clicks(in_language("ru", rights.SEE_PRIVACY))
        policy = (await person.answer()).text
        for _number in range(BURST - 1):
            await ask(person, "/privacy")
        slow_down = await ask(person, "/privacy")

    assert failed == in_language("ru", texts.ERROR)
    assert in_group == in_language("ru", rights.IN_A_GROUP)
    assert policy.startswith(in_language("ru", "🔒 <b>What is stored about you</b>"))
    assert slow_down == in_language("ru", SLOW_DOWN)


async def test_alerts_are_in_the_language_of_the_settings(sandbox: Sandbox, tmp_path: Path) -> None:
    admin, database = sandbox.person(ADMIN, language_code="uk"), tmp_path / "analytics.sqlite3"
    more: dict[str, Any] = {"admin_ids": str(ADMIN), "bot_language": "de"}
    async with running_bot(sandbox, database, **more):
        answer = await ask(admin, "hello")
        with locked(database):
            await admin.says("hello")
            told = {(await admin.answer()).text for _number in range(2)}

    assert answer == in_language("uk", texts.FALLBACK)
    with translations().use_locale("de"):
        assert told == {answer, shown(messages.notice(RecordingFails()))}


async def test_the_language_is_in_no_file_and_in_no_line_of_the_log(
    sandbox: Sandbox, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    # Nothing else holds this: a code alone is in any file by chance.
    person = sandbox.person(language_code="de-qjxzvkwyfg")
    async with running_bot(sandbox, tmp_path / "analytics.sqlite3", admin_ids=str(ADMIN)):
        answers = [await ask(person, text) for text in OF_A_PERSON]
        while_it_runs = b"".join(contents(tmp_path).values())
    afterwards = b"".join(contents(tmp_path).values())
    log = capfd.readouterr().err

    assert answers[0] == in_language("de", texts.FALLBACK)
    assert b"interaction_type" in while_it_runs
    for stored in (while_it_runs, afterwards, log.encode()):
        assert b"qjxzvkwyfg" not in stored
        assert "qjxzvkwyfg".encode("utf-16-le") not in stored


async def test_menus_are_in_the_language_of_who_opens_them(
    sandbox: Sandbox, database: Path
) -> None:
    async with running_bot(sandbox, database, admin_ids=str(ADMIN)):
        await ask(sandbox.person(ADMIN), "/start")

    for language in (*SHIPPED, "fr"):
        admin = sandbox.person(ADMIN, language_code=language)
        somebody = sandbox.person(language_code=language)
        of_admin = menus.of_admin(ADMIN, {ADMIN})
        for person, commands in ((somebody, purposes(texts.COMMANDS)), (admin, of_admin)):
            assert sandbox.menu(person) == {
                name: in_language(language, purpose) for name, purpose in commands.items()
            }


TYPES = list(InteractionType)
# A screen of a phone: lines, and characters of each.
SCREEN, WIDTH = 18, 40


def lines_on_a_phone(html: str) -> int:
    lines = shown(html).split("\n")
    return sum(len(textwrap.wrap(line, WIDTH)) or 1 for line in lines)


@pytest.mark.parametrize("language", SHIPPED)
@pytest.mark.parametrize("pseudonymise", [False, True])
@pytest.mark.parametrize("has_row", [False, True])
@pytest.mark.parametrize("opted_out", [False, True])
def test_privacy_is_one_screen_of_a_phone(
    language: str, pseudonymise: bool, has_row: bool, opted_out: bool
) -> None:
    row = OwnRow(max(TYPES, key=len), NOW, 100) if has_row else None
    options = some_options(
        operator_contact="Somebody <nobody@example.org>", pseudonymise_user_ids=pseudonymise
    )
    with translations().use_locale(language):
        text = privacy.policy(options, row, opted_out, True, NOW)

    assert lines_on_a_phone(text) <= SCREEN
    # The sample does not wrap.
    [sample] = re.findall("<pre>(.*?)</pre>", text, re.DOTALL)
    assert max(map(len, sample.split("\n"))) <= WIDTH


@pytest.mark.parametrize("language", SHIPPED)
def test_a_look_is_one_line_of_the_audit_log_that_fits_on_a_phone(language: str) -> None:
    admin, then = 6_000_000_001, NOW - timedelta(hours=2)
    looks = [AuditEntry(NOW, who, action) for who in (None, admin, 0) for action in Action]
    looks += [AuditEntry(NOW, admin, Action.STATS)] * 7 + [AuditEntry(then, 0, Action.STATS)]
    with translations().use_locale(language):
        said = shown(audit.audit(looks, "UTC")).split("\n")
        eight = f"14:05 · {admin} · {_('statistics')} × 8"

    assert eight in said
    assert len([line for line in said if "·" in line]) == 3 * len(Action) + 1
    assert max(map(len, said)) <= WIDTH


@pytest.mark.parametrize("language", SHIPPED)
async def test_the_file_for_a_person_explains_itself_in_their_language(
    sandbox: Sandbox, tmp_path: Path, language: str
) -> None:
    person = sandbox.person(language_code=language)
    async with running_bot(sandbox, tmp_path / "analytics.sqlite3"):
        await ask(person, "hello")
        await ask(person, "/mydata")
        file = (await person.answer()).message
    about = json.loads(sandbox.content(file))["about"]

    assert about["what"] == in_language(language, EXPLANATIONS["what"])
    with translations().use_locale(language):
        assert about["kept"] == _(EXPLANATIONS["kept"]).format(days=90)
    assert set(about) == set(EXPLANATIONS)


NOTICES: list[Notice] = [
    RecordingFails(),
    RecordingWorks(),
    BackupFails(),
    NotReceiving(),
    DatabaseSetAside(Path("x" * 255)),
]
COUNTS = st.integers(0, 10**15)
MOMENTS = st.integers(0, 2**35).map(lambda second: datetime.fromtimestamp(second, UTC))


@settings(max_examples=examples(100))
@given(
    language=st.sampled_from(SHIPPED),
    days=st.integers(1, MAX_RETENTION_DAYS),
    precision=st.sampled_from([n for n in range(1, 86_401) if 86_400 % n == 0]),
    count=COUNTS,
    when=MOMENTS,
    admin=st.integers(1, 2**52),
    flag=st.booleans(),
)
def test_every_answer_fits_into_a_message(
    language: str, days: int, precision: int, count: int, when: datetime, admin: int, flag: bool
) -> None:
    row = OwnRow(max(TYPES, key=len), when, count)
    options = some_options(
        retention_days=days,
        timestamp_precision=precision,
        operator_contact="&" * 200,
        pseudonymise_user_ids=flag,
    )
    data = PersonalData(
        reference=admin,
        interactions=[OwnRow(each, when, count) for each in TYPES],
        opted_out=True,
        erased=date(2026, 11, 25),
        audit_entries=[],
        muted=[],
        retention_days=days,
    )
    entries = [AuditEntry(when, admin if flag else None, max(Action, key=len))] * 10_000
    with translations().use_locale(language):
        answers = [
            privacy.policy(options, row if flag else None, flag, True, when),
            privacy.details(options),
            rights.my_data(data),
            audit.audit(entries, "Europe/Berlin"),
            cleanup.would_be_deleted(count, days, offered=True),
            cleanup.cleaning_up(count, count, days),
            cleanup.cleaned_up(count, days, when),
            cleanup.cleanup_stopped(count, days),
            texts.help_(menus.of_admin(ADMIN, {ADMIN})),
            messages.listed(set(Kind) if flag else (), options),
            messages.unusual_day(when.date(), count, 5.0),
            messages.cleanup_overdue(count, days, when, postponed=flag),
            messages.silence(when),
            *map(messages.notice, NOTICES),
        ]

    assert max(len(shown(answer).encode("utf-16-le")) // 2 for answer in answers) <= MAX_LENGTH
