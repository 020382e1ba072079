"""What can go wrong in the domain. `api/errors.py` says which HTTP status each one is."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """One rule broken by one field. `pointer` is a JSON pointer into the input ("/size/min")."""

    pointer: str
    code: str
    detail: str


class DomainError(Exception):
    """Base of all. `code` is stable and machine-readable, `detail` a sentence a person can act on.

    `retry_after`: the seconds after which the same request may do, if waiting helps.
    """

    code = "error"

    def __init__(self, detail: str, *, code: str | None = None, retry_after: int | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or type(self).code
        self.retry_after = retry_after


class NotFound(DomainError):
    """The resource does not exist, or belongs to somebody else: callers cannot tell which."""

    code = "not_found"

    def __init__(self, what: str = "resource") -> None:
        super().__init__(f"There is no such {what}.")


class Invalid(DomainError):
    """The input breaks rules; `errors` names each field and rule."""

    code = "invalid"

    def __init__(self, *errors: FieldError) -> None:
        super().__init__(" ".join(error.detail for error in errors))
        self.errors = errors

    @classmethod
    def field(cls, pointer: str, code: str, detail: str) -> "Invalid":
        """The common case of a single field."""
        return cls(FieldError(pointer, code, detail))


class Conflict(DomainError):
    """The request is well-formed but does not fit the state that the resource is in."""

    code = "conflict"


class StaleVersion(DomainError):
    """The caller edited a version that is no longer the current one."""

    code = "stale_version"


class Forbidden(DomainError):
    """The caller is known and may not do this."""

    code = "forbidden"


class Unauthenticated(DomainError):
    """The caller did not prove who they are."""

    code = "unauthenticated"


class PreconditionRequired(DomainError):
    """The caller did not say which version it edits."""

    code = "precondition_required"


class RateLimited(DomainError):
    """The caller asks more often than it may."""

    code = "rate_limited"


class Unavailable(DomainError):
    """What the request needs does not answer just now."""

    code = "unavailable"
