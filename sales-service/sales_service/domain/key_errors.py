"""What can be wrong with a request about API keys."""

from sales_service.domain.errors import SalesError


class UnknownKey(SalesError):
    """No API key of this client is known."""


class KeyExists(SalesError):
    """The client has an API key, which is not revoked."""

    def __init__(self, client_id: str) -> None:
        super().__init__(f"{client_id} has a key")
        self.client_id = client_id


class KeyIsRevoked(SalesError):
    """The client's API key is revoked: only another key could take its place."""

    def __init__(self, client_id: str) -> None:
        super().__init__(f"the key of {client_id} is revoked")
        self.client_id = client_id


class TooManySecrets(SalesError):
    """The API key has been rotated often, and the former secrets are still valid."""

    def __init__(self, most: int) -> None:
        super().__init__(f"more than {most} former secrets are valid")
        self.most = most
