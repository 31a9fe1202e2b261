"""A shop by webhook."""

from aiohttp import web
from bot.config import settings

from bot.logs import setup_logging
from bot.webhook import create_app


def main() -> None:
    setup_logging()
    web.run_app(create_app(), host="127.0.0.1", port=settings.port, print=None)


if __name__ == "__main__":
    main()
