"""How many words after a task's name are meant for it."""

from __future__ import annotations

import pytest

from vis_tasks.tasks.words import count_words

TASKS = {"tag", "release", "stage.approve"}


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("stage.approve", 0),
        ("stage.approve 8814c851", 1),
        ("stage.approve a b c", 3),
        ("stage.approve a --tag b --html out.html c", 3),
        ("stage.approve --html=out.html a", 1),
        ("stage.approve a tag", 1),
        ("release.stage.approve a release.tag", 1),
        ("stage.approve a -- b", 1),
        ("--echo stage.approve core@1.0.0", 1),
        ("guard", 0),
        ("--help stage.approve", 0),
    ],
)
def test_words_end_at_the_next_task(line: str, count: int) -> None:
    assert count_words(line.split(), "stage.approve", limit=None, values=["--html"], tasks=TASKS) == count


def test_a_task_that_takes_one_word_takes_it_whatever_it_is() -> None:
    assert count_words(["inspect", "tag", "tag"], "inspect", limit=1, values=(), tasks=TASKS) == 1
