"""A broker with the accounts and rights of docker-compose.yml."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaError,
    TopicAuthorizationFailedError,
)
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from service_kit.events.consumer import Consumer
from service_kit.events.kafka_clients import kafka_credentials
from service_kit.events.outbox import OutgoingEvent, add_to_outbox
from service_kit.events.relay import Relay
from service_kit.http.health import find_broker_fault
from service_kit.settings import ServiceSettings
from tests.fixtures.secured_kafka import SecuredKafka
from tests.fixtures.waiting import eventually
from tests.service_kit.counting import COUNTED, SUBSCRIPTION, Counted, scalar

pytestmark = pytest.mark.integration

SALES = "sales.events.v1"
STOCK = "stock.events.v1"
UNPUBLISHED = "SELECT count(*) FROM outbox WHERE published_at IS NULL"
COUNTED_SUM = "SELECT coalesce(sum(amount), 0) FROM counted"
STOP_SECONDS = 10.0


@asynccontextmanager
async def working(*works: Relay | Consumer) -> AsyncIterator[None]:
    """Run them until the block ends; they must then end in bounded time."""
    stop = asyncio.Event()
    tasks = [asyncio.create_task(each.run(stop)) for each in works]
    try:
        yield
    finally:
        stop.set()
        async with asyncio.timeout(STOP_SECONDS):
            await asyncio.gather(*tasks)


async def record(engine: AsyncEngine, topic: str, amount: int) -> None:
    """Write an event to the outbox."""
    event = OutgoingEvent(topic=topic, key="1", type=COUNTED, subject="s", body=Counted(amount))
    async with AsyncSession(engine) as session, session.begin():
        await add_to_outbox(session, [event])


def producer_of(settings: ServiceSettings) -> AIOKafkaProducer:
    servers = settings.kafka_bootstrap_servers
    return AIOKafkaProducer(bootstrap_servers=servers, **kafka_credentials(settings))


async def test_what_one_account_may_write_reaches_the_one_that_may_read_it(
    engine: AsyncEngine, secured_kafka: SecuredKafka
) -> None:
    relay = Relay(engine, secured_kafka.settings("sales"))
    reader = secured_kafka.settings("stock")
    consumer = Consumer(engine, reader, [replace(SUBSCRIPTION, topic=SALES)])
    await record(engine, SALES, 7)

    async with working(relay, consumer):
        await eventually(lambda: scalar(engine, COUNTED_SUM), 7)
        await eventually(lambda: scalar(engine, UNPUBLISHED), 0)


@pytest.mark.parametrize(("account", "topic"), [("sales", SALES), ("stock", STOCK)])
async def test_a_relay_takes_over_from_one_that_has_published(
    engine: AsyncEngine, secured_kafka: SecuredKafka, account: str, topic: str
) -> None:
    for amount in (1, 2):
        await record(engine, topic, amount)
        async with working(Relay(engine, secured_kafka.settings(account))):
            await eventually(lambda: scalar(engine, UNPUBLISHED), 0)


async def test_readiness_logs_in_as_the_service(secured_kafka: SecuredKafka) -> None:
    for account in ("sales", "stock", "report"):
        settings = secured_kafka.settings(account)
        servers = settings.kafka_bootstrap_servers

        assert await find_broker_fault(servers, [STOCK], kafka_credentials(settings)) is None


async def test_a_wrong_password_is_waited_out_and_logged_without_it(
    engine: AsyncEngine, secured_kafka: SecuredKafka, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    wrong = secured_kafka.settings("stock", password="not-the-password")
    relay = Relay(engine, wrong)
    consumer = Consumer(engine, wrong, [replace(SUBSCRIPTION, topic=SALES)])

    async def logged() -> bool:
        return {"consumer interrupted", "relay interrupted"} <= set(caplog.messages)

    async with working(relay, consumer):
        await eventually(logged, True)
        assert not consumer.is_connected

    everything = "".join(str(vars(each)) + each.getMessage() for each in caplog.records)
    assert "not-the-password" not in everything
    fault = await find_broker_fault(
        wrong.kafka_bootstrap_servers, [SALES], kafka_credentials(wrong)
    )
    assert fault is not None
    assert "not-the-password" not in fault


async def test_a_client_without_an_account_is_refused(secured_kafka: SecuredKafka) -> None:
    servers = secured_kafka.bootstrap_servers

    assert await find_broker_fault(servers) is not None


@pytest.mark.parametrize(
    ("account", "topic"), [("report", STOCK), ("report", SALES), ("sales", STOCK), ("stock", SALES)]
)
async def test_an_account_cannot_write_to_a_topic_of_another_service(
    secured_kafka: SecuredKafka, account: str, topic: str
) -> None:
    producer = producer_of(secured_kafka.settings(account))
    await producer.start()
    try:
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait(topic, b"forged", key=b"1")
    finally:
        await producer.stop()


async def test_an_event_that_the_account_may_not_write_stays_in_the_outbox(
    engine: AsyncEngine, secured_kafka: SecuredKafka
) -> None:
    await record(engine, STOCK, 7)

    async with working(Relay(engine, secured_kafka.settings("sales"))):
        await eventually(lambda: scalar(engine, "SELECT attempts > 0 FROM outbox"), True)

    assert await scalar(engine, UNPUBLISHED) == 1
    last_error = await scalar(engine, "SELECT last_error FROM outbox")
    assert "Authorization" in last_error
    assert secured_kafka.password("sales") not in last_error


async def join(consumer: AIOKafkaConsumer) -> None:
    """Join the group and fetch, because the broker refuses at the first fetch at the latest."""
    await consumer.start()
    await consumer.getmany(timeout_ms=5000)


async def test_an_account_cannot_join_the_group_of_another_service(
    secured_kafka: SecuredKafka,
) -> None:
    settings = secured_kafka.settings("report")
    thief = AIOKafkaConsumer(
        SALES,
        bootstrap_servers=settings.kafka_bootstrap_servers,
        group_id="stock-service",
        **kafka_credentials(settings),
    )
    try:
        with pytest.raises(GroupAuthorizationFailedError):
            await asyncio.wait_for(join(thief), STOP_SECONDS)
    finally:
        await thief.stop()


def without_account() -> ServiceSettings:
    return ServiceSettings(
        service_name="s", database_url="d", http_port=1, kafka_security_protocol="SASL_PLAINTEXT"
    )


def with_nonsense() -> ServiceSettings:
    return ServiceSettings(
        service_name="s", database_url="postgresql://a:hidden@b/c", http_port="no port"
    )


@pytest.mark.parametrize("make", [without_account, with_nonsense])
def test_settings_that_cannot_be_are_refused_without_showing_any(
    make: Callable[[], ServiceSettings],
) -> None:
    with pytest.raises(ValidationError) as refused:
        make()

    assert "hidden" not in str(refused.value)
    assert "input_value" not in str(refused.value)


def test_kafka_faults_of_authentication_are_waited_out() -> None:
    # The relay and the consumer retry on `KafkaError` and end on other errors.
    assert issubclass(GroupAuthorizationFailedError, KafkaError)
    assert issubclass(TopicAuthorizationFailedError, KafkaError)
