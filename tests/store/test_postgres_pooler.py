"""A connection pooler in transaction mode may stand between the bot and its server."""

from datetime import timedelta
from pathlib import Path

import pytest

from analytics import InteractionType
from tests.support.pooler import POOLER, pooled
from tests.support.postgres import needs_postgres
from tests.support.service import SOMEBODY, interaction, open_service

pytestmark = [
    needs_postgres(),
    pytest.mark.skipif(POOLER is None, reason="needs pgbouncer: apt-get install pgbouncer"),
]


async def test_all_works_through_it(tmp_path: Path) -> None:
    with pooled(tmp_path) as url:
        async with (
            open_service(tmp_path / "one", database_url=url) as one,
            open_service(tmp_path / "two", database_url=url) as two,
        ):
            for number, analytics in enumerate([one, two] * 10):
                said = [interaction(timedelta(days=number * 9), SOMEBODY + number % 5)]
                assert await analytics.record(said, [number])
                assert await analytics.record(said, [number])
            before = await two.get_admin_analytics_report()
            assert await one.cleanup_old_interactions() == 9
            erasure = await two.people.erase(SOMEBODY)
            await one.maintenance.compact_if_due(large_too=True)
            after = await one.get_admin_analytics_report()
            personal = await two.people.personal_data(SOMEBODY + 1)

    assert before.total_interactions == 20
    assert erasure is not None
    assert after.total_interactions == 11 - erasure.interactions
    assert {row.interaction_type for row in personal.interactions} == {InteractionType.MESSAGE}
