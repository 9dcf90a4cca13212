"""Who a process is to Kafka: the same answer for every client that it makes."""

from typing import Any

from service_kit.settings import KafkaSettings


def kafka_credentials(settings: KafkaSettings) -> dict[str, Any]:
    """What each of aiokafka's clients is given beside the addresses of the brokers."""
    if settings.kafka_security_protocol == "PLAINTEXT":
        return {}
    assert settings.kafka_username is not None
    assert settings.kafka_password is not None
    return {
        "security_protocol": settings.kafka_security_protocol,
        "sasl_mechanism": settings.kafka_sasl_mechanism,
        "sasl_plain_username": settings.kafka_username,
        "sasl_plain_password": settings.kafka_password.get_secret_value(),
    }
