"""What the registry answers when it says no: one exception, raised anywhere, turned into a response at one edge."""

from __future__ import annotations

from vis_tasks.errors import Failed

__all__ = ["Problem", "bad_request", "conflict", "forbidden", "not_found", "unauthorized"]


class Problem(Failed):
    """An HTTP refusal.

    Args:
        status: HTTP status.
        text: the words in the body.
        headers: extra response headers.
        body: the whole body, where it isn't just the words (the web 2FA answer).
    """

    def __init__(
        self, status: int, text: str, headers: dict[str, str] | None = None, body: dict[str, object] | None = None
    ) -> None:
        super().__init__(text, code=f"E{status}")
        self.status = status
        self.headers = headers or {}
        self.body = body


def bad_request(text: str) -> Problem:
    """400: the request can't be read as written."""
    return Problem(400, f"Bad Request - {text}")


def unauthorized(text: str = "Unauthorized") -> Problem:
    """401 without a challenge for a second factor."""
    return Problem(401, text, {"www-authenticate": "Bearer"})


def forbidden(text: str) -> Problem:
    """403: known, and not allowed."""
    return Problem(403, text)


def not_found(text: str) -> Problem:
    """404."""
    return Problem(404, f"Not Found - {text}")


def conflict(text: str) -> Problem:
    """409."""
    return Problem(409, f"Conflict - {text}")
