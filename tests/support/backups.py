"""Backups that the bot makes by itself."""

from pathlib import Path
from typing import Any

from analytics.sqlite.maintenance.backups import DailyBackups


def daily_backups(path: Path, folder: Path | None, **options: Any) -> DailyBackups:
    async def note() -> None:
        pass

    defaults: dict[str, Any] = {
        "keep": 7,
        "retention_days": 90,
        "note": note,
        "tell": lambda _: None,
    }
    return DailyBackups(path, folder, None, **(defaults | options))
