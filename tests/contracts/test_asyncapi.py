"""`asyncapi.yaml` agrees with the broker's topics, the schemas and the code."""

import importlib
import json
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import sales_service.events.published
import stock_service.events.published
from service_kit.events.cloud_events import Subscription

INFRA = Path(__file__).resolve().parents[2] / "infra"
CONTRACTS = INFRA / "contracts"
DOCUMENT: dict[str, Any] = yaml.safe_load((CONTRACTS / "asyncapi.yaml").read_text())
CHANNELS: dict[str, Any] = DOCUMENT["channels"]
MESSAGES: dict[str, Any] = DOCUMENT["components"]["messages"]
SERVICES = ("sales", "stock", "report")
PUBLISHED = {
    "sales-service": sales_service.events.published,
    "stock-service": stock_service.events.published,
}


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def resolve(reference: str) -> Any:
    file, _, pointer = reference.partition("#")
    node = json.loads((CONTRACTS / file).read_text()) if file else DOCUMENT
    for step in pointer.split("/")[1:]:
        node = node[step]
    return node


def types_by_service_and_topic(action: str) -> dict[tuple[str, str], set[str]]:
    """Return the event types that each service sends or receives, by their channel's address."""
    return {
        (operation["x-service"], resolve(operation["channel"]["$ref"])["address"]): {
            resolve(resolve(message["$ref"])["$ref"])["name"] for message in operation["messages"]
        }
        for operation in DOCUMENT["operations"].values()
        if operation["action"] == action
    }


def subscriptions(service: str) -> Iterator[Subscription]:
    package = importlib.import_module(f"{service}_service.consumers")
    for module in pkgutil.iter_modules(package.__path__):
        consumer = importlib.import_module(f"{package.__name__}.{module.name}")
        if hasattr(consumer, "SUBSCRIPTION"):
            yield consumer.SUBSCRIPTION


@pytest.mark.parametrize("reference", sorted(set(references(DOCUMENT))))
def test_every_reference_leads_somewhere(reference: str) -> None:
    assert resolve(reference)


def test_channels_are_the_topics_that_the_broker_gets() -> None:
    topics = yaml.safe_load((INFRA / "deploy/kafka/topics.yml").read_text())["topics"]
    kafka = [channel["bindings"]["kafka"] for channel in CHANNELS.values()]

    assert [
        {
            "name": binding["topic"],
            "partitions": binding["partitions"],
            "config": binding["topicConfiguration"]
            | {"cleanup.policy": ",".join(binding["topicConfiguration"]["cleanup.policy"])},
        }
        for binding in kafka
    ] == topics
    assert [channel["address"] for channel in CHANNELS.values()] == [
        topic["name"] for topic in topics
    ]


def test_every_schema_is_the_payload_of_the_message_of_its_name() -> None:
    payloads = {
        message["payload"]["schema"]["$ref"]: message["name"] for message in MESSAGES.values()
    }
    titles = {
        f"events/{path.name}": json.loads(path.read_text())["title"]
        for path in (CONTRACTS / "events").iterdir()
    }

    assert payloads == titles


def test_every_message_travels_in_one_channel() -> None:
    travelling = [name for channel in CHANNELS.values() for name in channel["messages"]]

    assert sorted(travelling) == sorted(MESSAGES)


def test_the_services_read_what_the_document_says() -> None:
    assert types_by_service_and_topic("receive") == {
        (f"{service}-service", subscription.topic): set(subscription.decoders)
        for service in SERVICES
        for subscription in subscriptions(service)
    }


def types_by_topic() -> dict[str, set[str]]:
    return {topic: types for (_, topic), types in types_by_service_and_topic("send").items()}


def list_unknown(sent: dict[str, set[str]]) -> set[tuple[str, str]]:
    """Return each service and type that the service would set aside."""
    return {
        (service, event_type)
        for service in SERVICES
        for subscription in subscriptions(service)
        for event_type in sent[subscription.topic]
        if not subscription.knows(event_type)
    }


def test_no_producer_sends_a_type_that_a_consumer_would_set_aside() -> None:
    # Consumers are deployed first: they learn a new version, or ignore it, before it is sent.
    assert list_unknown(types_by_topic()) == set()


@pytest.mark.parametrize("topic", sorted(types_by_topic()))
def test_a_new_version_is_refused_until_each_consumer_of_its_topic_knows_it(topic: str) -> None:
    sent = types_by_topic()
    sent[topic] = {*sent[topic], "anything.v2"}
    readers = {
        service
        for service in SERVICES
        if topic in {subscription.topic for subscription in subscriptions(service)}
    }

    assert readers
    assert list_unknown(sent) == {(service, "anything.v2") for service in readers}


def test_a_consumer_ignores_only_types_that_exist_and_that_it_does_not_read() -> None:
    for service in SERVICES:
        for subscription in subscriptions(service):
            [sent] = [
                types
                for (_, topic), types in types_by_service_and_topic("send").items()
                if topic == subscription.topic
            ]
            assert subscription.ignored <= sent - set(subscription.decoders)


def test_the_services_send_what_the_document_says() -> None:
    sent: dict[str, set[str]] = {}
    for (service, _), types in types_by_service_and_topic("send").items():
        sent.setdefault(service, set()).update(types)

    assert sent == {
        service: {each.TYPE for each in vars(module).values() if hasattr(each, "TYPE")}
        for service, module in PUBLISHED.items()
    }


@pytest.mark.parametrize("name", CHANNELS)
def test_a_channel_names_its_owner_and_its_consumers(name: str) -> None:
    channel = CHANNELS[name]
    senders, receivers = (
        [
            service
            for service, topic in types_by_service_and_topic(action)
            if topic == channel["address"]
        ]
        for action in ("send", "receive")
    )

    assert senders == [channel["x-owner"]]
    assert receivers == channel["x-consumers"]
