"""The local forge, with the comments of pull and merge requests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from tests.adapters.forge.local_forge import LocalForge

if TYPE_CHECKING:
    from tests.adapters.forge.local_forge import Request

__all__ = ["CommentingForge"]

_LISTING = re.compile(r"/api/(?:v3/repos/[^/]+/[^/]+/issues|v4/projects/\d+/merge_requests)/(\d+)/(?:comments|notes)")
_ONE = re.compile(r"/api/(?:v3/repos/[^/]+/[^/]+/issues/comments|v4/projects/\d+/merge_requests/\d+/notes)/(\d+)")


class CommentingForge(LocalForge):
    """Attributes: comments, as the API shows them."""

    def __init__(self) -> None:
        self.comments: list[dict[str, Any]] = []
        super().__init__()

    def answer(self, request: Request) -> tuple[int, Any, dict[str, str]]:
        path = request.path.partition("?")[0]
        given = {request.headers.get("authorization"), request.headers.get("private-token")}
        if not (_LISTING.fullmatch(path) or _ONE.fullmatch(path)):
            return super().answer(request)
        if not given & {f"Bearer {self.token}", self.token}:
            return 401, {"message": "Bad credentials"}, {}
        if request.method == "GET":
            return 200, self.comments, {}
        if request.method == "POST":
            self.comments.append({"id": len(self.comments) + 1, **request.body})
            return 201, self.comments[-1], {}
        one = _ONE.fullmatch(path)
        assert one, path
        comment = self.comments[int(one[1]) - 1]
        comment.update(request.body)
        return 200, comment, {}
