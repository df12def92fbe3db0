"""The ground of everything a user writes: names, quantities as written, frozen data that refuses a misspelt key."""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints

NAME_PATTERN: Final = r"^[A-Za-z][A-Za-z0-9_]*$"
ARM_PATTERN: Final = r"^[A-Za-z0-9][A-Za-z0-9_\-]*$"


def is_no_truth_value(value: Any) -> Any:
    """A yes/no value is refused where a number stands."""
    if isinstance(value, bool):
        raise ValueError("a yes/no value is not a quantity")  # pydantic reports a ValueError
    return value


def one_or_many(value: Any) -> Any:
    """One name where a list may stand is a list of one."""
    return [value] if isinstance(value, str) else value


def rule_text(value: Any) -> Any:
    """``- astrocyte: A increases B (...)`` without quotes is a mapping to YAML; it is put together again."""
    if isinstance(value, dict) and len(value) == 1:
        cell, text = next(iter(value.items()))
        return f"{cell}: {text}" if isinstance(text, str) else value
    return value


Quantity = Annotated[float | str, BeforeValidator(is_no_truth_value)]
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
ArmName = Annotated[str, StringConstraints(pattern=ARM_PATTERN)]
RuleLine = Annotated[str, BeforeValidator(rule_text)]
Names = Annotated[tuple[Name, ...], BeforeValidator(one_or_many)]


class Words(BaseModel):
    """Base of everything a user writes: frozen, and a misspelt key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=False, strict=False)
