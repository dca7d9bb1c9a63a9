"""Trees of values laid over each other, as `extends` and overrides do it. Every function returns a new tree."""

from __future__ import annotations

from ganlab.config.schema import DEFAULT_COMPONENTS
from ganlab.config.tree import KeyPath, Mistake, Node, UnreadableError, dotted, node_at
from ganlab.text import short

EXAMPLES = {
    "penalties": "penalties=[{name: r1, weight: 5}]",
    "stabilizers": "stabilizers=[{name: packing, size: 2}]",
}
"""Whole lists, as overrides write them."""


def merge(base: Node, top: Node, path: KeyPath = ()) -> Node:
    """Return `base` with `top` laid over it, both at `path`.

    Mappings merge and everything else is replaced, also a section in which `top` names another component.
    """
    if not (isinstance(base.value, dict) and isinstance(top.value, dict)):
        return top
    name = top.value.get("name")
    if name and _is_other_component(base, name, path):
        return top
    merged = dict(base.value)
    for key, node in top.value.items():
        merged[key] = merge(merged[key], node, (*path, key)) if key in merged else node
    return Node(merged, top.place)


def put(tree: Node, keys: KeyPath, value: Node, path: KeyPath = ()) -> Node:
    """Return the tree, which is at `path`, with `value` merged into what is at `keys` below it.

    Raises:
        UnreadableError: `keys` name an entry that a list does not have.
    """
    if not keys:
        return merge(tree, value, path)
    key, rest = keys[0], keys[1:]
    below = tree.child(key)
    if isinstance(tree.value, list) or (below is None and str(key).isdigit()):
        if below is None:
            where = dotted(path) or "the experiment"
            example = EXAMPLES.get(str(path[0]) if path else "", EXAMPLES["penalties"])
            text = f"{where} has no entry {short(key)}; give the whole list, as in {example}"
            raise UnreadableError([Mistake(value.place, text)])
        index = int(key)
        items = list(tree.value)
        items[index] = put(below, rest, value, (*path, index))
        return Node(items, tree.place)
    if key == "name" and not rest and _is_other_component(tree, value, path):
        tree = Node({}, value.place._replace(key=""))
    if not isinstance(tree.value, dict):
        tree = Node({}, value.place)
    below = tree.value.get(key, Node({}, value.place))
    return Node({**tree.value, key: put(below, rest, value, (*path, key))}, tree.place)


def drop(tree: Node, path: KeyPath) -> Node:
    """Return the tree without what is at a path; an empty one for the path of the tree itself."""
    if not path:
        return Node({}, tree.place)
    key, rest = path[0], path[1:]
    below = tree.child(key)
    if below is None:
        return tree
    if isinstance(tree.value, list):
        items = list(tree.value)
        items[int(key)] = drop(below, rest)
        return Node(items, tree.place)
    keys = {name: node for name, node in tree.value.items() if name != key}
    return Node({**tree.value, key: drop(below, rest)} if rest else keys, tree.place)


def with_names(tree: Node) -> Node:
    """Return the tree with the name of the default component in each section that names none."""
    for path, name in DEFAULT_COMPONENTS.items():
        section = node_at(tree, path)
        if section and isinstance(section.value, dict) and "name" not in section.value:
            tree = put(tree, (*path, "name"), Node(name, section.place._replace(key="")))
    return tree


def _is_other_component(section: Node, name: Node, path: KeyPath) -> bool:
    """Whether a section, at `path`, is of another component than `name`."""
    in_list = bool(path) and isinstance(path[-1], int)
    if path not in DEFAULT_COMPONENTS and not in_list:
        return False
    given = section.child("name")
    return bool((given.value if given else DEFAULT_COMPONENTS.get(path)) != name.value)
