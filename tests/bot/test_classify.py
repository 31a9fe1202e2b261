"""What is recorded of an update."""

from datetime import UTC, datetime

import pytest
from aiogram import Bot
from aiogram.types import Update
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import Event, EventKind, Interaction, InteractionType
from analytics.telegram.classify import classify
from analytics.telegram.decode import decode
from analytics.telegram.opt_out import opting_out
from analytics.telegram.words import Vocabulary, events_of
from tests.support import raw_updates
from tests.support.examples import examples
from tests.support.raw_updates import RECEIVED, Raw, Sent

DATE = int(RECEIVED.timestamp()) - 60
DAY = 86_400
ME = "sandbox_bot"
OPTOUT = Vocabulary({"optout"})
BOT = Bot("123456789:" + "A" * 35)
PERSON = raw_updates.user(2**41, "Somebody")


def classified(raw: Raw) -> Interaction | None:
    return classify(decoded(raw), RECEIVED)


def decoded(raw: Raw) -> Update:
    update = decode({"update_id": 1} | raw, BOT)
    assert update is not None
    return update


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
        assert interaction.telegram_id == sent.person
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


# What says who acted, what and when; a change of anything else changes nothing of that.
TELLING = {
    *("update_id", "from", "user", "date", "edit_date", "entities", "caption_entities"),
    *("sender_business_bot", "is_from_offline", "boost"),
}
ODD: st.SearchStrategy[object] = st.sampled_from(
    [None, 5, -1, 2**70, "x", [], {}, [{}], {"type": "of later"}, True, 1.5]
)


@settings(max_examples=examples(500))
@given(sent=raw_updates.sent(), data=st.data())
def test_whatever_else_is_missing_or_odd_it_is_recorded_as_if_it_were_right(
    sent: Sent, data: st.DataObject
) -> None:
    [(kind, happened)] = sent.raw.items()
    expected = classified(sent.raw)
    others = sorted(set(happened) - TELLING)
    odd = dict(happened)
    for name in data.draw(
        st.lists(st.sampled_from(others), unique=True) if others else st.just([])
    ):
        del odd[name]
    added = st.sampled_from(
        [*others, "forward_origin", "reply_to_message", "story", "gift", "checklist"]
    )
    odd |= data.draw(st.dictionaries(added, ODD))

    assert classified({kind: odd}) == expected


@pytest.mark.parametrize("kind", ["edited_message", "edited_business_message", "edited_of_later"])
@pytest.mark.parametrize("edit_date", [None, DATE - 39 * DAY, 0, "x"])
def test_an_edit_that_nobody_made_is_not_recorded(kind: str, edit_date: object) -> None:
    first_reaction = raw_updates.message(PERSON, "old", DATE - 200 * DAY)
    dated = {} if edit_date is None else {"edit_date": edit_date}

    assert classified({kind: first_reaction | dated}) is None


@pytest.mark.parametrize("days", [0, 0.5, 1])
def test_an_edit_of_an_old_message_is_of_when_it_was_edited(days: float) -> None:
    edited = DATE - int(days * DAY)
    sent = raw_updates.message(PERSON, "old", DATE - 200 * DAY, edit_date=edited)
    interaction = classified({"edited_message": sent})

    assert interaction is not None
    assert interaction.timestamp.timestamp() == edited


@pytest.mark.parametrize("date", [0, 1, -5, DATE - 2 * DAY, DATE - 200 * DAY, 10**17])
def test_what_is_dated_further_back_than_telegram_keeps_it_happened_now(date: int) -> None:
    interaction = classified({"message": raw_updates.message(PERSON, "x", date)})

    assert interaction is not None
    assert interaction.timestamp == RECEIVED


def test_a_connection_of_long_ago_that_is_changed_now_is_of_now() -> None:
    connection = raw_updates.events(PERSON, "x", DATE - 3600)["business_connection"]
    interaction = classified({"business_connection": connection})

    assert interaction is not None
    assert interaction.timestamp == RECEIVED


@pytest.mark.parametrize("kind", ["business_message", "edited_business_message", "message"])
@pytest.mark.parametrize(
    "by_itself",
    [{"sender_business_bot": raw_updates.user(42, "Bot", is_bot=True)}, {"is_from_offline": True}],
)
@pytest.mark.parametrize("odd", [{}, {"forward_origin": {"type": "hidden_user"}}])
def test_what_was_sent_by_itself_in_the_name_of_a_person_is_not_recorded(
    kind: str, by_itself: Raw, odd: Raw
) -> None:
    sent = raw_updates.message(PERSON, "auto", DATE, edit_date=DATE)

    assert classified({kind: sent | by_itself | odd}) is None
    assert classified({kind: sent | odd}) is not None


def under_a_photo(sent: Raw) -> Raw:
    photo = [{"file_id": "a", "file_unique_id": "b", "width": 1, "height": 1}]
    caption = {"caption": sent["text"], "caption_entities": sent["entities"], "photo": photo}
    return {name: sent[name] for name in sent.keys() - {"text", "entities"}} | caption


@pytest.mark.parametrize(
    "word", ["optout", "OptOut", "OPTOUT", f"optout@{ME}", "optOut@Sandbox_Bot"]
)
@pytest.mark.parametrize("is_caption", [False, True])
def test_a_command_is_read_in_text_and_caption_in_any_case(word: str, is_caption: bool) -> None:
    sent = raw_updates.command(PERSON, word, DATE)
    update = decoded({"message": under_a_photo(sent) if is_caption else sent})
    interaction = classify(update, RECEIVED)

    assert interaction is not None
    assert interaction.interaction_type is InteractionType.COMMAND
    assert opting_out(update, ME) is True
    assert Event(EventKind.COMMAND, "optout") in events_of(update, OPTOUT, ME)


@pytest.mark.parametrize("word", ["optout@other_bot", f"optout@{ME}x", "/optout", "out"])
def test_a_command_of_another_bot_is_none_of_this_one(word: str) -> None:
    update = decoded({"message": raw_updates.command(PERSON, word, DATE)})
    interaction = classify(update, RECEIVED)

    assert interaction is not None
    assert interaction.interaction_type is InteractionType.COMMAND
    assert opting_out(update, ME) is None
    assert Event(EventKind.COMMAND, "optout") not in events_of(update, OPTOUT, ME)


def test_opting_out_works_where_the_message_cannot_be_decoded() -> None:
    sent = raw_updates.command(PERSON, "optout", DATE)
    update = decoded({"message": sent | {"forward_origin": {"type": "hidden_user"}}})

    assert opting_out(update, ME) is True
