"""The answers to the questions of `init`, checked with all other settings."""

import re
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from bot.cli.env_file import create, update
from bot.environment import ENV_FILE
from bot.errors import Remark, WrongSettings
from bot.settings import Settings, load

# Formed like a token.
PLACEHOLDER = "123:" + "-" * 35
NO_ADMIN = "none"
# Programs that read `.env` differ in what they make of these.
SPECIAL = re.compile(r"[#$\"\\]|^'")


def _ids(text: str) -> str:
    return "" if text.strip().lower() == NO_ADMIN else text.strip()


def _plain(contact: str) -> str:
    """Return a contact without surrounding spaces.

    Raises WrongSettings for characters that not all programs read as they are.
    """
    if SPECIAL.search(contact := contact.strip()):
        remedy = "write it without # $ \" \\, and without ' at the beginning"
        raise WrongSettings(Remark("OPERATOR_CONTACT is invalid", remedy))
    return contact


# Stand in for what is not known yet, so that everything else can be checked before.
STAND_INS = {
    "bot_token": {"bot_token": PLACEHOLDER, "bot_token_file": ""},
    "admin_ids": {"admin_ids": "", "owner_ids": ""},
    "operator_contact": {"operator_contact": ""},
}
TIDY: dict[str, Callable[[str], str]] = {
    "bot_token": str.strip,
    "admin_ids": _ids,
    "operator_contact": _plain,
}


class Setup:
    """The answers so far; `open` names what is neither answered nor right in the settings.

    The names are those of STAND_INS. Raises WrongSettings for wrong answers, and for other settings
    that are wrong.
    """

    def __init__(self, answers: Mapping[str, str]) -> None:
        self.answers = {name: TIDY[name](text) for name, text in answers.items()}
        self.open = STAND_INS.keys() - answers.keys()
        self.settings()
        self.open = {name for name in self.open if not self._is_right(name)}

    def settings(self, **answer: str) -> Settings:
        """Return the settings with the answers, and stand-ins for what is open.

        Raises WrongSettings if they are wrong.
        """
        return self._load(self.open - answer.keys(), **answer)

    def check(self, name: str, text: str) -> None:
        """Take an answer; raises WrongSettings if it is wrong."""
        answer = {name: TIDY[name](text)}
        self.settings(**answer)
        self.answers |= answer
        self.open = self.open - {name}

    def _is_right(self, name: str) -> bool:
        try:
            return bool(getattr(self._load(self.open - {name}), name))
        except WrongSettings:
            return False

    def _load(self, unknown: Collection[str], **answer: str) -> Settings:
        given: dict[str, str] = {}
        for name in unknown:
            given |= STAND_INS[name]
        return load(Settings, **given | self.answers | answer)

    def save(self, file: Path | None) -> bool:
        """Write the answers into `.env`, and return whether there was anything to write.

        `file` is None if there is no `.env` yet. Raises WrongSettings if it cannot be written, or
        if the settings are wrong with the answers.
        """
        settings = load(Settings, **self.answers)
        texts = {
            "bot_token": settings.bot_token.get_secret_value(),
            "admin_ids": ",".join(map(str, sorted(settings.admin_ids))),
            "operator_contact": settings.operator_contact,
        }
        values = {name.upper(): text for name, text in texts.items() if name in self.answers}
        if not values:
            return False
        if file is not None:
            update(file, values)
        else:
            if not settings.operator_contact:
                values.pop("OPERATOR_CONTACT", None)
            create(ENV_FILE, values)
        return True
