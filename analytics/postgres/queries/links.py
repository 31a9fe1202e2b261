"""Make, list, retire and forget start links."""

import math
from datetime import datetime

from analytics.clock import from_unix
from analytics.models import StartLink
from analytics.postgres.queries import Queries

ALL = """
    SELECT code, name, created, retired FROM bot_analytics.start_links
    ORDER BY retired IS NOT NULL, created DESC, name COLLATE "C", code COLLATE "C"
"""
ADD = "INSERT INTO bot_analytics.start_links (code, name, created) VALUES (%s, %s, %s)"
RETIRE = "UPDATE bot_analytics.start_links SET retired = %s WHERE code = %s AND retired IS NULL"
# Not before its starts, which are forgotten by the day.
FORGET = """
    DELETE FROM bot_analytics.start_links WHERE retired < %s
    AND NOT EXISTS (SELECT 1 FROM bot_analytics.daily_events WHERE event = code)
"""


class LinkQueries(Queries):
    """The start links that owners made."""

    async def start_links(self) -> list[StartLink]:
        return [
            StartLink(
                code, name, from_unix(created), None if retired is None else from_unix(retired)
            )
            for code, name, created, retired in await self._database.read(ALL)
        ]

    async def add_start_link(self, link: StartLink) -> None:
        await self._database.write((ADD, (link.code, link.name, int(link.created.timestamp()))))

    async def retire_start_link(self, code: str, when: datetime) -> None:
        await self._database.write((RETIRE, (int(when.timestamp()), code)))

    async def forget_start_links(self, before: float) -> None:
        await self._database.write((FORGET, (math.ceil(before),)))
