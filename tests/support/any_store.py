"""The whole service over a store of any kind."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from analytics import AnalyticsService, time_zones
from analytics.keyring import Keyring
from analytics.notices import Notice
from analytics.open_database import OpenDatabase
from analytics.recording import Recorder
from analytics.sqlite.spool import SQLiteSpool
from analytics.statistics.reports import ReportRules
from analytics.store import Store
from analytics.store_types import Setting
from tests.support.clock import Clock
from tests.support.second_connection import NAME
from tests.support.service import KEY


@asynccontextmanager
async def service_over(
    store: Store, folder: Path, clock: Clock, rules: ReportRules
) -> AsyncIterator[AnalyticsService]:
    """Open a service that records, with its spool in a folder, exact to the second."""
    path = folder / NAME
    keyring = Keyring(path, KEY, True, may_begin=True, sharing_key_file=lambda _path: [])
    zones = await time_zones.agree(store, "UTC", clock())
    await store.put_setting_once(Setting.BEGAN, int((clock() - timedelta(days=365)).timestamp()))
    references = await keyring.agree(store)
    calendar = time_zones.calendar_of(zones)
    spool = SQLiteSpool(path, None)
    database = OpenDatabase(store, keyring, spool, rules.retention_days, clock, calendar)
    notices: asyncio.Queue[Notice] = asyncio.Queue()
    service = AnalyticsService(database, rules, 1, notices)
    recorder = Recorder(
        store, spool, 1, calendar, clock, notices.put_nowait, service.reports.keep_snapshot
    )
    recorder.use(references)
    await recorder.replay(service.people.erasing)
    database.recorder = recorder
    try:
        yield service
    finally:
        await service.reports.close()
        await recorder.close()
