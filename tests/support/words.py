"""A bot's vocabulary, and every word that there may be with it."""

from collections.abc import Mapping

from babel import Locale

from analytics import ChatKind, EventKind, Membership
from analytics.telegram.words import OTHER, Vocabulary

LANGUAGES: Mapping[str, str] = Locale("en").languages
VOCABULARY = Vocabulary(
    commands={"start", "help"},
    buttons={"": {"menu", "page:1"}, ":": {"page", "vote"}, "|": {"shop"}},
    start_links={"abc234"},
    count_languages=True,
)
# Every word that there may be with this vocabulary.
WORDS = {
    EventKind.COMMAND: {"start", "help"},
    EventKind.BUTTON: {"menu", "page:1", "page", "vote", "shop"},
    EventKind.MEMBERSHIP: {*Membership},
    EventKind.CHAT: {*ChatKind},
    EventKind.START_LINK: {"abc234", OTHER},
    EventKind.NEW_BY_LINK: {"abc234", OTHER},
    EventKind.NEW_BY_LANGUAGE: {OTHER, *(each for each in LANGUAGES if len(each) == 2)},
}
OF_NEW = {EventKind.NEW_BY_LINK, EventKind.NEW_BY_LANGUAGE}
