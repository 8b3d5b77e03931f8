"""From an Authorization header to a user."""

from __future__ import annotations

from .accounts import AccountTokens
from .static import Tokens
from .user import User


class Authenticator:
    """Asks the static tokens first: those of the lab's own components."""

    def __init__(self, tokens: Tokens, accounts: AccountTokens) -> None:
        self._tokens = tokens
        self._accounts = accounts

    def user(self, authorization: str | None) -> User | None:
        """The user of an Authorization header, None if there is none."""
        scheme, _, rest = (authorization or "").partition(" ")
        token = rest.strip()
        if scheme.lower() != "bearer" or not token:
            return None
        return self._tokens.user(token) or self._accounts.user(token)
