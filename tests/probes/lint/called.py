"""Functions that the experiments of these tests name."""
# ruff: noqa: ARG001

from typing import Any, Literal, Optional


def reads(configuration: Any = None) -> None:
    """Takes from the configuration what it likes."""


def needs_secrets(secrets: dict[str, str]) -> bool:
    return bool(secrets)


def judge(value: object) -> bool:
    return bool(value)


def anything(**more: object) -> object:
    """Takes all, and may return anything."""
    return more


def number() -> int:
    return 1


def words() -> str:
    return "a"


def typed(
    whole: int = 0,
    number: float = 0,
    yes: bool = False,
    word: str = "",
    many: list[str] = None,  # type: ignore[assignment]  # noqa: RUF013
    pairs: dict[str, int] | None = None,
    maybe: Optional[int] = None,  # noqa: UP045
    mode: Literal["a", "b"] = "a",
    free=None,  # type: ignore[no-untyped-def]
) -> dict:  # type: ignore[type-arg]
    """One parameter of each kind."""
    return {}


class Callable:
    """No function."""


def before_activity_control(context: object, depth: int) -> None:
    """A hook that needs an argument, and takes no other."""
