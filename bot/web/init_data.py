"""Init data: what Telegram signs when it opens the page as a Mini App."""

from datetime import datetime, timedelta

from aiogram.utils.web_app import safe_parse_webapp_init_data

# Telegram Desktop gives the same init data again for up to a day, so it cannot be used only once.
MAX_AGE = timedelta(hours=24)
# Clocks differ.
MAX_AHEAD = timedelta(minutes=1)


def signed_by(bot_token: str, init_data: str, now: datetime) -> int | None:
    """Return the Telegram ID of the person that Telegram names; None if it is not to be believed.

    That is so if Telegram has not signed it for this bot, if it is older than 24 hours, or if it is
    more than a minute in the future.
    """
    try:
        signed = safe_parse_webapp_init_data(bot_token, init_data)
    # TypeError: a hash that is not ASCII.
    except (ValueError, TypeError):
        return None
    if signed.user is None or not -MAX_AHEAD <= now - signed.auth_date <= MAX_AGE:
        return None
    return signed.user.id
