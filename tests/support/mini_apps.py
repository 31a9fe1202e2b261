"""Init data, as Telegram signs it when it opens a Mini App."""

import hashlib
import hmac
import json
from datetime import datetime
from typing import Any
from urllib.parse import urlencode


def init_data(bot_token: str, telegram_id: int, opened: datetime, **more: Any) -> str:
    """Signed for the bot of this token; `more` are other fields, and `user=None` leaves it out.

    See https://core.telegram.org/bots/webapps#validating-data-received-via-the-mini-app.
    """
    user = {"id": telegram_id, "first_name": "Ada", "language_code": "en"}
    fields = {"query_id": "AAE", "user": user, "auth_date": int(opened.timestamp()), **more}
    texts = {
        name: json.dumps(value) if isinstance(value, dict) else str(value)
        for name, value in fields.items()
        if value is not None
    }
    lines = "\n".join(f"{name}={texts[name]}" for name in sorted(texts))
    secret = hmac.digest(b"WebAppData", bot_token.encode(), hashlib.sha256)
    return urlencode(texts | {"hash": hmac.new(secret, lines.encode(), hashlib.sha256).hexdigest()})
