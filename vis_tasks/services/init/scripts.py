"""tasks.py: a new one, or the lines that make an existing one hold our tasks too."""

from __future__ import annotations

import ast

__all__ = ["NEW", "lines_to_add"]

NEW = '''"""Tasks of this repository; `invoke --list` shows them."""

from vis_tasks import release_namespace

ns = release_namespace()
'''

_IMPORT = "from vis_tasks import release_namespace"
_MOUNTED = "vis"


def lines_to_add(text: str, ours: frozenset[str]) -> tuple[str, ...]:
    """What a person adds to their tasks.py; nothing when it names vis_tasks already.

    Invoke takes a namespace called ``ns`` or ``namespace`` when there is one, else every task of the module (its
    ``Collection.from_module``); so tasks that stood alone have to be put into ours.

    Args:
        text: the file.
        ours: names of our tasks.
    """
    if "vis_tasks" in text:
        return ()
    try:
        body = ast.parse(text).body
    except SyntaxError:
        return (_IMPORT, "ns = release_namespace()")
    assigned = [target for node in body if isinstance(node, ast.Assign) for target in node.targets]
    named = {target.id for target in assigned if isinstance(target, ast.Name)}
    for name in ("ns", "namespace"):
        if name in named:
            mounted = f'release_namespace(name="{_MOUNTED}")'
            return (_IMPORT, f"{name}.add_collection({mounted})  # invoke {_MOUNTED}.release")
    own = [node.name for node in body if isinstance(node, ast.FunctionDef) and _is_task(node)]
    if ours & {name.replace("_", "-") for name in own}:
        return (
            "from invoke import Collection",
            _IMPORT,
            f"ns = Collection({', '.join(own)}, {_MOUNTED}=release_namespace())  # invoke {_MOUNTED}.release",
        )
    return (_IMPORT, "ns = release_namespace()", *(f"ns.add_task({name})" for name in own))


def _is_task(node: ast.FunctionDef) -> bool:
    names = [each.func if isinstance(each, ast.Call) else each for each in node.decorator_list]
    return any(
        (isinstance(each, ast.Name) and each.id == "task") or (isinstance(each, ast.Attribute) and each.attr == "task")
        for each in names
    )
