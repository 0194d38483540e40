"""The CI files really run: GitHub's under act on this machine, GitLab's under gitlab-ci-local. Run by ``nox -s ci-run``.

The example workspace is released against the embedded registry by trusted publishing, with a local forge and a maintainer who
approves. Actions of others are stood in for by scripts that do what they do (check out, keep an artifact); every line of our own
in the files runs as it is, with vis-tasks installed from its wheel by hash.
"""
