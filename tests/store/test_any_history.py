"""After any history, what a store counts equals a recount of a plain list."""

from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.store.history import History
from tests.store.kinds import Kind
from tests.support.examples import examples


def test_a_store_counts_what_a_plain_list_counts(kind: Kind) -> None:
    class OfKind(History):
        def __init__(self) -> None:
            super().__init__(kind)

    run_state_machine_as_test(
        OfKind, settings=settings(max_examples=examples(kind.examples), stateful_step_count=15)
    )
