"""What the tests of the guard's rooms share."""

from __future__ import annotations

import pytest

from vis_tasks.errors import Refused
from vis_tasks.services.guard import guard

__all__ = ["ALL", "refusal"]

ALL = ("guard", "version", "pack", "stage", "wait", "reconcile", "tag", "release")


def refusal(world, *, reach=ALL, **how):
    with pytest.raises(Refused) as caught:
        guard(world.run(reach=reach, **how))
    assert caught.value.exit_code == 1
    assert caught.value.hint
    return caught.value
