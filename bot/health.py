"""The health check `/healthz`, for a supervisor that restarts the bot."""

from collections.abc import Callable

from aiohttp import web

from analytics import AnalyticsService


def add_health(
    application: web.Application, analytics: AnalyticsService, is_receiving: Callable[[], bool]
) -> None:
    """Add `GET /healthz` to an application: 200 while updates come in and are recorded, else 503.

    The body is JSON with `receiving`, `recording`, `backlog` and `dropped`.
    """

    async def health(request: web.Request) -> web.Response:
        receiving, recording = is_receiving(), analytics.is_recording
        return web.json_response(
            {
                "receiving": receiving,
                "recording": recording,
                "backlog": analytics.backlog,
                "dropped": analytics.dropped,
            },
            status=200 if receiving and recording else 503,
        )

    application.router.add_get("/healthz", health)
