"""A strict sale outlives a leader of the relay that says nothing."""

from sales_service.settings import Settings
from service_kit.events.lost_records import SEND_TIMEOUT_SECONDS
from service_kit.events.relay import LONGEST_SILENCE


def test_the_next_leader_comes_before_a_strict_sale_is_cancelled() -> None:
    pending = Settings.model_fields["pending_sale_timeout_seconds"].default

    # A leader may wait for the broker without a word to its database.
    assert SEND_TIMEOUT_SECONDS < LONGEST_SILENCE.total_seconds() < pending
