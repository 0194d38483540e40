"""Packages don't share a tag."""

from __future__ import annotations

import pytest

from tests.services.builders import build_world, package
from vis_tasks.errors import ConfigError
from vis_tasks.services.guard import guard
from vis_tasks.services.tag_names import check_tag_names


def test_several_packages_need_their_names_in_the_tag(tmp_path):
    world = build_world(tmp_path, package("a"), package("b"), tag_pattern="v{version}")
    with pytest.raises(
        ConfigError, match=r'tag-pattern is "v\{version\}", without \{name\}: 2 packages would share'
    ) as caught:
        guard(world.run())
    assert caught.value.code == "TAG_PATTERN"


def test_a_lone_package_and_private_company_need_none():
    check_tag_names(build_world(None, package("a"), package("b", private=True), tag_pattern="v{version}").run())
