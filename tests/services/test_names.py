"""Names in the configuration that fit no package: told by the doctor, never an error."""

from __future__ import annotations

from tests.services.builders import build_world, package
from vis_tasks.config.model import PackageConfig
from vis_tasks.services.doctor.names import name_findings


def test_names_and_globs_that_fit_nothing_are_told_with_the_nearest_name():
    world = build_world(
        None,
        package("@acme/core"),
        package("@acme/cli", private=True),
        include=("@acme/*", "!@else/docs"),
        ignore=("@acme/cli", "[bad"),
        fixed=(("@acme/core", "@acme/coer"),),
        packages={"@acme/core": PackageConfig(), "nothing-like-it": PackageConfig()},
    )

    found = {finding.text.partition(",")[0]: finding.hint for finding in name_findings(world.run())}

    assert found == {
        "release.include names @else/docs": "take it out, or correct it",
        "release.ignore names [bad": "take it out, or correct it",
        "release.fixed names @acme/coer": "did you mean @acme/core?",
        "release.packages names nothing-like-it": "take it out, or correct it",
    }


def test_what_fits_is_not_told():
    world = build_world(None, package("@acme/core"), include=("*",), linked=(("@acme/c*",),))
    assert list(name_findings(world.run())) == []
