"""What is recorded of an update."""

from datetime import UTC, datetime

import pytest
from aiogram.types import Update
from hypothesis import given

from analytics import InteractionType, UserInteraction
from bot.classify import classify
from tests import raw_updates
from tests.raw_updates import Raw, Sent

RECEIVED = datetime(2026, 6, 1, 12, 34, 56, tzinfo=UTC)
DATE = 1_750_000_000
PERSON = raw_updates.user(2**41, "Somebody")


def classified(raw: Raw) -> UserInteraction | None:
    return classify(Update.model_validate({"update_id": 1} | raw), RECEIVED)


def interaction_type(raw: Raw) -> InteractionType:
    interaction = classified(raw)
    assert interaction is not None
    return interaction.interaction_type


def test_the_kinds_tested_here_are_all_of_the_installed_bot_api() -> None:
    kinds = {**raw_updates.events(PERSON, "", DATE), **raw_updates.nobodys(PERSON, "", DATE)}

    assert {"update_id", *kinds} == set(Update.model_fields)


@given(sent=raw_updates.sent())
def test_every_update_gives_its_person_type_and_time_or_nothing(sent: Sent) -> None:
    interaction = classified(sent.raw)

    if sent.person is None:
        assert interaction is None
    else:
        assert interaction is not None
        assert interaction.user_id == sent.person
        occurred = datetime.fromtimestamp(sent.date, UTC) if sent.date else RECEIVED
        assert interaction.timestamp == occurred


@pytest.mark.parametrize(
    "kind",
    sorted(set(raw_updates.events(PERSON, "", DATE)) - {"message", "callback_query"}),
)
def test_a_kind_keeps_the_name_telegram_gave_it(kind: str) -> None:
    assert interaction_type({kind: raw_updates.events(PERSON, "x", DATE)[kind]}) == kind


def test_a_click_is_a_button_click_whatever_the_button_carries() -> None:
    click = raw_updates.events(PERSON, "/stats", DATE)["callback_query"]

    assert interaction_type({"callback_query": click}) is InteractionType.BUTTON_CLICK


@pytest.mark.parametrize("word", ["stats", "nobody_made_this", "x" * 32, "start deep-link"])
def test_a_command_of_any_wording_is_a_command(word: str) -> None:
    sent = {"message": raw_updates.command(PERSON, word, DATE)}

    assert interaction_type(sent) is InteractionType.COMMAND


def test_a_command_in_the_middle_of_a_text_is_a_message() -> None:
    entity = {"type": "bot_command", "offset": 4, "length": 6}
    sent = {"message": raw_updates.message(PERSON, "try /start", DATE, entities=[entity])}

    assert interaction_type(sent) is InteractionType.MESSAGE


def test_a_slash_that_telegram_calls_no_command_is_a_message() -> None:
    assert interaction_type({"message": raw_updates.message(PERSON, "/", DATE)}) == "message"


@pytest.mark.parametrize("user_id", [777000, 1087968824, 136817688, 0, -5, 2**52 + 1, 2**70])
def test_what_is_no_persons_id_is_not_recorded(user_id: int) -> None:
    sender = raw_updates.user(user_id, "Nobody")

    assert classified({"message": raw_updates.message(sender, "x", DATE)}) is None


def test_bots_are_not_recorded() -> None:
    bot = raw_updates.user(2**41, "Bot", is_bot=True)

    assert classified({"message": raw_updates.message(bot, "x", DATE)}) is None
    assert classified({"a_new_kind": {"from": bot}}) is None


def test_a_gifted_boost_is_not_an_act_of_the_one_who_gets_it() -> None:
    boost = raw_updates.events(PERSON, "x", DATE)["chat_boost"]
    gift = boost | {"boost": boost["boost"] | {"source": {"source": "gift_code", "user": PERSON}}}

    assert classified({"chat_boost": gift}) is None


@pytest.mark.parametrize("field", ["from", "user"])
def test_a_kind_the_library_does_not_know_is_other(field: str) -> None:
    assert interaction_type({"a_new_kind": {field: PERSON}}) is InteractionType.OTHER


@pytest.mark.parametrize("event", [{}, [], "text", {"from": 5}, {"from": {"id": "5"}}, None])
def test_a_kind_the_library_does_not_know_may_have_nobody(event: object) -> None:
    assert classified({"a_new_kind": event}) is None
