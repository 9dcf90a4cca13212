"""The list of `make keys`: one line for each key, or for each database where they differ."""

from collections.abc import Mapping

from sqlalchemy.ext.asyncio import AsyncSession

from service_kit.events.key_changes import ListedKey, list_keys


async def describe_keys(databases: Mapping[str, AsyncSession]) -> str:
    """Return one line for each key, or one for each database where it is not the same."""
    found = {
        service: {key.client_id: key for key in await list_keys(session)}
        for service, session in databases.items()
    }
    clients = sorted({client for keys in found.values() for client in keys})
    return "\n".join(
        _describe(client, {service: keys.get(client) for service, keys in found.items()})
        for client in clients
    )


def _describe(client: str, found: Mapping[str, ListedKey | None]) -> str:
    lines = {service: _describe_one(key) for service, key in found.items()}
    # A copy that has not heard of a rotation has another digest, which is not shown.
    states = {key and (key.version, key.digest, lines[service]) for service, key in found.items()}
    if len(states) == 1:
        return f"{client:30} {next(iter(lines.values()))}{_last_use(found)}"
    return "\n".join(
        f"{client:30} {lines[service]}{_version(key)}  IN {service}"
        for service, key in found.items()
    )


def _version(key: ListedKey | None) -> str:
    return f"  version {key.version}" if key else ""


def _last_use(found: Mapping[str, ListedKey | None]) -> str:
    used = [key.last_used_at for key in found.values() if key and key.last_used_at]
    return f"  used {max(used):%Y-%m-%d %H:%M}" if used else ""


def _describe_one(key: ListedKey | None) -> str:
    if key is None:
        return "unknown"
    stores = "all stores" if key.sites is None else f"stores {', '.join(map(str, key.sites))}"
    state = f"  until {key.expires_at:%Y-%m-%d %H:%M}" if key.expires_at else ""
    state += "  REVOKED" if key.revoked_at else ""
    return f"{stores:12} {', '.join(key.rights)}{state}"
