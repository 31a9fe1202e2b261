"""What is a person's interaction, and what of its time reaches the file."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics import AnalyticsService, Interaction, InteractionType
from tests.support.clock import NOW
from tests.support.examples import examples
from tests.support.second_connection import NAME, select
from tests.support.service import SOMEBODY, interaction, open_service, run_once

BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
ZONES = [timezone(timedelta(hours=hours)) for hours in (-11, 0, 14)]
MOMENTS = st.builds(
    lambda since, zone: (BEGIN + since).astimezone(zone),
    st.timedeltas(timedelta(0), timedelta(days=200 * 365)),
    st.sampled_from(ZONES),
)


@given(telegram_id=st.integers(max_value=0) | st.integers(min_value=2**52 + 1))
def test_an_id_outside_1_to_2_52_is_nobodys(telegram_id: int) -> None:
    with pytest.raises(ValueError, match="not a person's") as refused:
        Interaction(telegram_id, InteractionType.MESSAGE, NOW)

    assert str(telegram_id) not in str(refused.value).replace("1 to 2^52", "")


@pytest.mark.parametrize("pseudonymise", [True, False])
async def test_the_smallest_and_the_largest_id_are_somebodys(
    pseudonymise: bool, tmp_path: Path
) -> None:
    async with open_service(tmp_path, pseudonymise=pseudonymise) as analytics:
        assert await analytics.record([interaction(person=1), interaction(person=2**52)])

    assert select(tmp_path, "SELECT count(*) FROM users") == [(2,)]


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware datetime"):
        Interaction(SOMEBODY, InteractionType.MESSAGE, NOW.replace(tzinfo=None))


@given(telegram_id=st.integers(10**6, 2**52))
def test_a_repr_holds_no_id(telegram_id: int) -> None:
    """It ends up in logs."""
    shown = repr(Interaction(telegram_id, InteractionType.MESSAGE, NOW))

    assert str(telegram_id) not in shown
    assert "telegram_id" not in shown


@settings(max_examples=examples(30))
@given(
    occurred=MOMENTS,
    now=MOMENTS,
    precision=st.sampled_from([1, 60, 3600, 86400]) | st.integers(1, 86400),
)
async def test_a_time_is_rounded_down_to_the_precision_and_is_never_in_the_future(
    occurred: datetime, now: datetime, precision: int
) -> None:
    with TemporaryDirectory() as folder:
        await run_once(
            Path(folder),
            [Interaction(SOMEBODY, InteractionType.MESSAGE, occurred)],
            clock=lambda: now,
            timestamp_precision=precision,
        )
        [(stored,)] = select(Path(folder), "SELECT timestamp FROM interactions")

    exact = min(occurred, now).timestamp()
    assert stored % precision == 0
    assert stored <= exact < stored + precision


async def test_by_default_a_time_is_exact_to_the_hour_and_when_it_was_received_to_the_day(
    tmp_path: Path,
) -> None:
    async with AnalyticsService.open(tmp_path / NAME, clock=lambda: NOW) as analytics:
        await analytics.record([interaction(), interaction(timedelta(minutes=34))], [7, 8])

    hour = int(NOW.replace(minute=0, second=0).timestamp())
    assert select(tmp_path, "SELECT timestamp, count FROM interactions") == [(hour, 2)]
    assert select(tmp_path, "SELECT last_seen FROM users") == [(hour,)]
    day = int(NOW.replace(hour=0, minute=0, second=0).timestamp())
    assert select(tmp_path, "SELECT update_id, received FROM remembered_updates") == [
        (7, day),
        (8, day),
    ]
