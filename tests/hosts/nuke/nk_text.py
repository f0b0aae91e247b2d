"""Nuke script text, read and written: the TCL that .nk and .gizmo files are made of.

Reading is strict: an unbalanced brace, a stack that runs empty or a node without a name raises `ValueError`.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

DEFAULT_INPUTS = 1
IGNORED = ("version", "define_window_layout_xml", "set", "push", "end_group", "clone", "Root", "add_layer")
BARE = re.compile(r"[\w.\-+/:,%#|*@~!?=<>&;']+")


@dataclass
class UserKnob:
    """One `addUserKnob`: `kind` is Nuke's number for it."""

    kind: int
    name: str
    label: str = ""
    tooltip: str = ""
    text: str = ""
    menu: list[str] = field(default_factory=list)
    limits: tuple[float, float] | None = None
    flags: set[str] = field(default_factory=set)


@dataclass(eq=False)
class Text:
    """One node as the text has it; `inputs` are nodes or None, `children` what a group holds."""

    kind: str
    name: str
    knobs: dict[str, str]
    user: list[UserKnob]
    inputs: list["Text | None"] = field(default_factory=list)
    children: list["Text"] = field(default_factory=list)


def words(text: str) -> Iterator[str]:
    """The words of one TCL list or command line, quotes and outer braces taken off, escapes resolved in quotes."""
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
        elif text[at] == "{":
            end = _closing(text, at)
            yield text[at + 1 : end]
            at = end + 1
        elif text[at] == '"':
            end = _quote(text, at)
            yield unescape(text[at + 1 : end])
            at = end + 1
        else:
            end = at
            while end < len(text) and not text[end].isspace():
                end += 2 if text[end] == "\\" else 1
            yield unescape(text[at:end])
            at = end


def commands(text: str) -> Iterator[str]:
    """Commands of a script, unread: a newline ends one, unless it stands in braces or quotes."""
    at = 0
    while at < len(text):
        start = at
        while at < len(text) and text[at] != "\n":
            if text[at] == "{":
                at = _closing(text, at) + 1
            elif text[at] == '"' and text[at - 1] in " \t{":
                at = _quote(text, at) + 1
            elif text[at] == "\\":
                at += 2
            elif text[at] == "}":
                raise ValueError(f"a brace closes that was never opened: {text[max(0, at - 60) : at + 1]!r}")
            else:
                at += 1
        raw = text[start:at].strip()
        at += 1
        if raw and not raw.startswith("#"):
            yield raw


def parse(text: str) -> list[Text]:
    """The nodes of a script or gizmo, groups with their children; raises `ValueError` where the text is not sound."""
    stack: list[Text | None] = []
    names: dict[str, Text | None] = {}
    levels: list[tuple[list[Text], list[Text | None]]] = [([], stack)]
    for raw in commands(text):
        head, _, rest = raw.partition(" ")
        if head == "set":
            variable, _ = rest.split(None, 1)
            names[variable] = levels[-1][1][-1] if levels[-1][1] else None
        elif head == "push":
            what = rest.strip()
            levels[-1][1].append(names[what[1:]] if what.startswith("$") and what[1:] in names else None)
        elif head == "end_group":
            levels.pop()
        elif head not in IGNORED:
            node = _node(head, _only_body(head, rest), levels[-1][1])
            levels[-1][0].append(node)
            if head in ("Group", "Gizmo"):
                levels.append((node.children, []))
    if len(levels) > 1:
        raise ValueError("a group is not closed by end_group")
    return levels[0][0]


def quote(text: str) -> str:
    """A value as a word of the script."""
    if BARE.fullmatch(text):
        return text
    escaped = re.sub(r'([\\"\[\]{}$])', r"\\\1", text).replace("\n", "\\n")
    return f'"{escaped}"'


def unescape(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: "\n" if match[1] == "n" else match[1], text, flags=re.DOTALL)


def write(nodes: Iterable[Text], indent: str = "") -> str:
    """The script of these nodes; every node's inputs are pushed by name, so that their order does not matter."""
    lines: list[str] = []
    known: dict[int, str] = {}
    for number, node in enumerate(_in_order(list(nodes))):
        for one in reversed(node.inputs):
            lines.append(f"push ${known[id(one)]}" if one is not None else "push 0")
        lines.append(f"{node.kind} {{")
        if len(node.inputs) != DEFAULT_INPUTS:
            lines.append(f" inputs {len(node.inputs)}")
        lines += [f" addUserKnob {{{_user(knob)}}}" for knob in node.user]
        lines += [f" {name} {value}" for name, value in node.knobs.items()]
        lines += [f" name {node.name}", "}"]
        if node.kind == "Group":
            lines += [write(node.children, indent + " "), "end_group"]
        known[id(node)] = f"N{indent.count(' ')}x{number}"
        lines.append(f"set {known[id(node)]} [stack 0]")
    return "\n".join(lines)


def _user(knob: UserKnob) -> str:
    parts = [str(knob.kind), quote(knob.name)]
    if knob.label != knob.name:
        parts += ["l", quote(knob.label)]
    if knob.tooltip:
        parts += ["t", quote(knob.tooltip)]
    parts += sorted(knob.flags)
    if knob.text:
        parts += ["T", quote(knob.text)]
    if knob.menu:
        parts += ["M", "{" + " ".join(quote(entry) for entry in knob.menu) + "}"]
    if knob.limits:
        parts += ["R", *(f"{limit:g}" for limit in knob.limits)]
    return " ".join(parts)


def _in_order(nodes: list[Text]) -> list[Text]:
    done: list[Text] = []

    def visit(node: Text) -> None:
        if not any(node is one for one in done):
            for one in node.inputs:
                if one is not None:
                    visit(one)
            done.append(node)

    for node in nodes:
        visit(node)
    return done


def _node(kind: str, body: str, stack: list[Text | None]) -> Text:
    knobs, user, inputs = {}, [], DEFAULT_INPUTS
    for raw in commands(body):
        name, _, value = raw.partition(" ")
        if name == "addUserKnob":
            user.append(_user_knob(next(words(value))))
        elif name == "inputs":
            inputs = int(value.split("+")[0])
        else:
            knobs[name] = value.strip()
    if "name" not in knobs:
        raise ValueError(f"a {kind} has no name")
    if kind in ("Gizmo", "Root"):
        inputs = 0
    node = Text(kind, unescape(knobs.pop("name")).strip('"'), knobs, user)
    for _ in range(inputs):
        if not stack and kind not in ("Group",):
            raise ValueError(f"{node.name} takes an input, but nothing was made before it")
        node.inputs.append(stack.pop() if stack else None)
    stack.append(node)
    return node


def _user_knob(body: str) -> UserKnob:
    parts = list(words(body))
    knob = UserKnob(int(parts[0]), parts[1] if len(parts) > 1 else "")
    knob.label = knob.name
    at = 2
    while at < len(parts):
        word = parts[at]
        if word[:1] in "+-" and word[1:].isupper():
            knob.flags.add(word)
            at += 1
        elif word == "R":
            knob.limits = (float(parts[at + 1]), float(parts[at + 2]))
            at += 3
        elif word in ("l", "t", "T", "M"):
            value = parts[at + 1]
            if word == "M":
                knob.menu = list(words(value))
            else:
                setattr(knob, {"l": "label", "t": "tooltip", "T": "text"}[word], value)
            at += 2
        else:
            raise ValueError(f"addUserKnob has {word!r}, which means nothing: {body!r}")
    return knob


def _only_body(kind: str, rest: str) -> str:
    found = rest.strip()
    if not re.fullmatch(r"[A-Za-z]\w*", kind):
        raise ValueError(f"{kind!r} is no command of a Nuke script")
    if not found.startswith("{") or _closing(found, 0) != len(found) - 1:
        raise ValueError(f"{kind} has no body in braces")
    return found[1:-1]


def _closing(text: str, at: int) -> int:
    depth, start = 0, at
    while at < len(text):
        if text[at] == "\\":
            at += 2
            continue
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return at
        at += 1
    raise ValueError(f"a brace is never closed: {text[start : start + 60]!r}")


def _quote(text: str, at: int) -> int:
    start, at = at, at + 1
    while at < len(text):
        if text[at] == "\\":
            at += 2
            continue
        if text[at] == '"':
            return at
        at += 1
    raise ValueError(f"a quote is never closed: {text[start : start + 60]!r}")
