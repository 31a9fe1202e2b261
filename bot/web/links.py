"""Addresses of the page that log in whoever opens them first."""

import ipaddress
from datetime import timedelta
from typing import NamedTuple

from bot.web.sessions import LINK_LIFETIME, Sessions


class Links(NamedTuple):
    """Makes one-time links to a page that listens on a host and a port.

    `url` is the https address of a reverse proxy that leads there, None without one.
    """

    sessions: Sessions
    host: str
    port: int
    url: str | None = None

    async def new(self, telegram_id: int | None, lifetime: timedelta = LINK_LIFETIME) -> str:
        """Return a one-time link; ends the admin's older links and sessions.

        Its token stands in the fragment, which a browser sends to nobody: it is in no log.
        """
        token = await self.sessions.new_link(telegram_id, lifetime)
        return f"{self.url or self._local}/#link={token}"

    @property
    def _local(self) -> str:
        """The address on this machine."""
        try:
            address = ipaddress.ip_address(self.host)
        except ValueError:
            return f"http://{self.host}:{self.port}"
        host = "127.0.0.1" if address.is_unspecified else self.host
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"
