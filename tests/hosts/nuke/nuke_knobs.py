"""Knobs of the stand-in for Nuke: strict about names, kinds, values and threads.

Whatever the real host leaves open or forgives is refused here; what it does in silence raises.
"""

import ast
import os
import re
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import nk_text
import nuke_render

if TYPE_CHECKING:
    from nuke_nodes import Node

STARTLINE = 0x1000
INVISIBLE = 0x400


def in_main_thread(action: str) -> None:
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError(f"{action} off the main thread: Nuke crashes or hangs")


class Knob:
    """A value with a name; what a node shows."""

    number = 0
    default: Any = None

    def __init__(self, name: str, label: str | None = None) -> None:
        if not re.fullmatch(r"[A-Za-z_]\w*", name):
            raise ValueError(f"{name!r} is no knob name")
        self._name = name
        self._label = name if label is None else label
        self._tooltip = ""
        self._visible = True
        self._flags = STARTLINE
        self._value = self.default
        self._expressions: dict[int, str] = {}
        self._node: Node | None = None
        self.user = False

    def name(self) -> str:
        return self._name

    def label(self) -> str:
        return self._label

    def Class(self) -> str:  # noqa: N802 - Nuke's name
        return type(self).__name__

    def node(self) -> "Node | None":
        return self._node

    def value(self) -> Any:
        in_main_thread(f"{self._name}.value()")
        return self._value

    def getValue(self) -> Any:  # noqa: N802
        return self.value()

    def setValue(self, val: Any) -> bool:  # noqa: N802
        in_main_thread(f"{self._name}.setValue()")
        if self._expressions:
            raise RuntimeError(f"{self._name} has an expression; setting it does nothing")
        self._value = self.checked(val)
        if self._node is not None:
            self._node.knob_changed(self)
        return True

    def checked(self, value: Any) -> Any:
        return value

    def setExpression(self, expression: str, index: int = 0) -> bool:  # noqa: N802
        in_main_thread(f"{self._name}.setExpression()")
        if "python" in expression:
            raise ValueError("Python in a knob expression")
        self._expressions[index] = expression
        return True

    def hasExpression(self, index: int = 0) -> bool:  # noqa: N802
        return index in self._expressions

    def setTooltip(self, tooltip: str) -> None:  # noqa: N802
        self._tooltip = tooltip

    def tooltip(self) -> str:
        return self._tooltip

    def setVisible(self, visible: bool) -> None:  # noqa: N802
        in_main_thread(f"{self._name}.setVisible()")
        self._visible = visible

    def visible(self) -> bool:
        return self._visible

    def setFlag(self, flag: int) -> None:  # noqa: N802
        self._flags |= flag

    def clearFlag(self, flag: int) -> None:  # noqa: N802
        self._flags &= ~flag

    def getFlag(self, flag: int) -> bool:  # noqa: N802
        return bool(self._flags & flag)

    def toScript(self) -> str:  # noqa: N802
        """The value as it stands in a script."""
        in_main_thread(f"{self._name}.toScript()")
        if self._expressions:
            count = max(self._expressions) + 1
            return "{" + " ".join(f'{{"{self._expressions.get(i, "0")}"}}' for i in range(count)) + "}"
        return nk_text.quote(self.written())

    def fromScript(self, script: str) -> None:  # noqa: N802
        in_main_thread(f"{self._name}.fromScript()")
        whole = re.fullmatch(r'\{(\s*\{"?[^{}"]*"?\})+\s*\}', script)
        expressions = re.findall(r'\{"?([^{}"]*)"?\}', script[1:-1]) if whole else []
        if expressions and not expressions[0].startswith("curve"):
            self._expressions = dict(enumerate(expressions))
        else:
            self.read(next(nk_text.words(script), ""))

    def written(self) -> str:
        return str(self._value)

    def read(self, text: str) -> None:
        self._value = self.checked(text)

    def described(self) -> nk_text.UserKnob:
        flags = set() if self._visible else {"+HIDDEN"}
        flags |= set() if self._flags & STARTLINE else {"-STARTLINE"}
        return nk_text.UserKnob(self.number, self._name, self._label, self._tooltip, flags=flags)

    def same_as(self, default: Any) -> bool:
        return bool(self._value == default) and not self._expressions


class Tab_Knob(Knob):  # noqa: N801
    number = 20


class Text_Knob(Knob):  # noqa: N801
    number = 26
    default = ""

    def __init__(self, name: str, label: str | None = None, value: str = "") -> None:
        super().__init__(name, label)
        self._value = value

    def checked(self, value: Any) -> Any:
        return _text(self, value)

    def described(self) -> nk_text.UserKnob:
        knob = super().described()
        knob.text = self._value
        return knob


class String_Knob(Knob):  # noqa: N801
    number = 1
    default = ""

    def checked(self, value: Any) -> Any:
        return _text(self, value)

    def getText(self) -> str:  # noqa: N802
        return str(self.value())


class EvalString_Knob(String_Knob):  # noqa: N801
    def evaluate(self) -> str | None:
        """What the text comes to at the current frame; of TCL only these two are understood here."""
        text = self.value().replace("[value root.name]", self._node._host.root().name() if self._node else "")
        text = re.sub(r"\[getenv (\w+)\]", lambda found: os.environ[found[1]], text)
        if "[" in text:
            raise NotImplementedError(f"TCL in {self.name()}: {text}")
        frame = self._node._host.frame() if self._node is not None else 1
        return re.sub(r"#+|%0?\d*d", lambda found: f"{frame:0{_width(found[0])}d}", text) or None


def _width(counter: str) -> int:
    return len(counter) if counter.startswith("#") else int(counter.strip("%d") or 1)


class File_Knob(EvalString_Knob):  # noqa: N801
    number = 2

    def checked(self, value: Any) -> Any:
        if "\\" in _text(self, value):
            raise ValueError(f"{value!r}: Nuke uses forward slashes on all platforms")
        return value


class Script_Knob(String_Knob):  # noqa: N801
    number = 32

    def __init__(self, name: str, label: str | None = None, value: str = "") -> None:
        super().__init__(name, label)
        self._value = value

    def command(self) -> str:
        return str(self._value)


class PyScript_Knob(Script_Knob):  # noqa: N801
    """A button; `execute` runs its one line with the node as `nuke.thisNode()`."""

    number = 22

    def execute(self) -> None:
        in_main_thread(f"{self.name()}.execute()")
        assert self._node is not None
        self._node.run(self.command(), self)

    def described(self) -> nk_text.UserKnob:
        knob = super().described()
        knob.text = self._value
        return knob


class Array_Knob(Knob):  # noqa: N801
    """A number: constant, animated by keys with straight lines between them, or an expression."""

    default: Any = 0.0

    def __init__(self, name: str, label: str | None = None) -> None:
        super().__init__(name, label)
        self._keys: dict[float, float] | None = None
        self._range: tuple[float, float] | None = None

    def setRange(self, low: float, high: float) -> None:  # noqa: N802
        self._range = (low, high)

    def setAnimated(self) -> bool:  # noqa: N802
        self._keys = {}
        return True

    def isAnimated(self) -> bool:  # noqa: N802
        return self._keys is not None

    def setValueAt(self, val: float, time: float) -> bool:  # noqa: N802
        if self._keys is None:
            raise RuntimeError(f"{self.name()} is not animated: setValueAt would change the whole curve")
        self._keys[time] = val
        return True

    def getValueAt(self, frame: float) -> float:  # noqa: N802
        in_main_thread(f"{self.name()}.getValueAt()")
        if not self._keys:
            return float(self._value)
        times = sorted(self._keys)
        before = max((time for time in times if time <= frame), default=times[0])
        after = min((time for time in times if time >= frame), default=times[-1])
        share = 0.0 if before == after else (frame - before) / (after - before)
        return self._keys[before] * (1 - share) + self._keys[after] * share

    def written(self) -> str:
        if self._keys:
            return "curve " + " ".join(f"x{time:g} {value!r}" for time, value in sorted(self._keys.items()))
        return str(self._value) if isinstance(self._value, int) else f"{self._value:.9g}"

    def toScript(self) -> str:  # noqa: N802
        return "{{" + self.written() + "}}" if self._keys else super().toScript()

    def read(self, text: str) -> None:
        if text.strip("{}").startswith("curve"):
            pairs = re.findall(r"x(\S+) (\S+)", text.strip("{}"))
            self._keys = {float(time): float(value) for time, value in pairs}
        else:
            self._value = self.checked(int(text, 16) if text.startswith("0x") else float(text))

    def checked(self, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise TypeError(f"{self.name()}: {value!r} is no number")
        return float(value)

    def described(self) -> nk_text.UserKnob:
        knob = super().described()
        knob.limits = self._range
        return knob

    def same_as(self, default: Any) -> bool:
        return super().same_as(default) and not self._keys


class Double_Knob(Array_Knob):  # noqa: N801
    number = 7


class Int_Knob(Array_Knob):  # noqa: N801
    number = 3
    default = 0

    def checked(self, value: Any) -> Any:
        number = super().checked(value)
        if number != int(number):
            raise TypeError(f"{self.name()}: {value!r} is no whole number")
        return int(number)


class Boolean_Knob(Array_Knob):  # noqa: N801
    number = 6
    default = False

    def checked(self, value: Any) -> Any:
        if value not in (True, False, "true", "false"):
            raise TypeError(f"{self.name()}: {value!r} is neither true nor false")
        return value in (True, "true")

    def written(self) -> str:
        return "true" if self._value else "false"

    def read(self, text: str) -> None:
        self._value = self.checked(text)


class Unsigned_Knob(Array_Knob):  # noqa: N801
    pass


class XY_Knob(Array_Knob):  # noqa: N801
    """A position, each of its two numbers constant, animated or an expression; set while animated, it gets a key."""

    number = 12

    def __init__(self, name: str, label: str | None = None) -> None:
        super().__init__(name, label)
        self._parts = (Double_Knob("x"), Double_Knob("y"))

    def value(self, n: int = -1) -> Any:
        numbers = [self.getValueAt(self._now(), channel) for channel in (0, 1)]
        return numbers if n == -1 else numbers[n]

    def setValue(self, val: float, chan: int = -1) -> bool:  # noqa: N802
        in_main_thread(f"{self.name()}.setValue()")
        for part in self._chosen(chan):
            if part._expressions:
                raise RuntimeError(f"{self.name()} has an expression; setting it does nothing")
            if part._keys is not None:
                part._keys[self._now()] = part.checked(val)
            else:
                part._value = part.checked(val)
        self._changed()
        return True

    def setValueAt(self, val: float, time: float, chan: int = -1) -> bool:  # noqa: N802
        in_main_thread(f"{self.name()}.setValueAt()")
        for part in self._chosen(chan):
            part.setValueAt(val, time)
        self._changed()
        return True

    def getValueAt(self, frame: float, index: int = 0) -> float:  # noqa: N802
        part = self._parts[index]
        if not part._expressions:
            return part.getValueAt(frame)
        tree = ast.parse(part._expressions[0], mode="eval").body
        return float(nuke_render.evaluate(tree, self._node, frame))

    def isKeyAt(self, frame: float, index: int = -1) -> bool:  # noqa: N802
        in_main_thread(f"{self.name()}.isKeyAt()")
        return any(frame in (part._keys or {}) for part in self._chosen(index))

    def setAnimated(self, channel: int = -1) -> bool:  # noqa: N802
        return all(part.setAnimated() for part in self._chosen(channel))

    def isAnimated(self, index: int = -1) -> bool:  # noqa: N802
        return any(part.isAnimated() or part.hasExpression() for part in self._chosen(index))

    def setExpression(self, expression: str, index: int = -1) -> bool:  # noqa: N802
        for part in self._chosen(index):
            part._keys = None
            part.setExpression(expression)
        self._changed()
        return True

    def hasExpression(self, index: int = -1) -> bool:  # noqa: N802
        return any(part.hasExpression() for part in self._chosen(index))

    def toScript(self) -> str:  # noqa: N802
        in_main_thread(f"{self.name()}.toScript()")
        return "{" + " ".join(re.sub(r"^\{(.*)\}$", r"\1", part.toScript()) for part in self._parts) + "}"

    def fromScript(self, script: str) -> None:  # noqa: N802
        in_main_thread(f"{self.name()}.fromScript()")
        texts = re.findall(r"\{[^{}]*\}|[^{}\s]+", script.removeprefix("{").removesuffix("}"))
        for part, text in zip(self._parts, texts, strict=True):
            part.fromScript("{" + text + "}" if text.startswith("{") else text)

    def same_as(self, default: Any) -> bool:
        return False

    def _chosen(self, channel: int) -> tuple[Array_Knob, ...]:
        return self._parts if channel == -1 else (self._parts[channel],)

    def _now(self) -> int:
        assert self._node is not None
        return int(self._node._host.frame())

    def _changed(self) -> None:
        if self._node is not None:
            self._node.knob_changed(self)


class Enumeration_Knob(Unsigned_Knob):  # noqa: N801
    number = 4

    def __init__(self, name: str, label: str | None, values: list[str]) -> None:
        super().__init__(name, label)
        if not isinstance(values, list) or not values:
            raise TypeError(f"{name}: an enumeration takes a list of names")
        self._entries = list(values)
        self._value = values[0]

    def values(self) -> list[str]:
        return list(self._entries)

    def setValues(self, values: list[str]) -> None:  # noqa: N802
        self._entries = list(values)

    def getValue(self) -> Any:  # noqa: N802
        return float(self._entries.index(self.value()))

    def checked(self, value: Any) -> Any:
        if isinstance(value, int) and not isinstance(value, bool):
            return self._entries[value]
        if value not in self._entries:
            raise TypeError(f"{self.name()}: {value!r} is none of {', '.join(self._entries)}")
        return value

    def written(self) -> str:
        return str(self._value)

    def read(self, text: str) -> None:
        self._value = self.checked(text)

    def described(self) -> nk_text.UserKnob:
        knob = super().described()
        knob.menu, knob.limits = list(self._entries), None
        return knob


class BBox_Knob(Array_Knob):  # noqa: N801
    """Four numbers or expressions, kept as the script has them."""

    default: Any = "0 0 0 0"

    def checked(self, value: Any) -> Any:
        return _text(self, value)

    def setValue(self, val: Any, chan: int = -1) -> bool:  # noqa: N802
        """The whole as text, or one of the four."""
        parts = str(self._value).split()
        if chan >= 0:
            parts[chan] = f"{val:g}"
        return super().setValue(" ".join(parts) if chan >= 0 else val)

    def toScript(self) -> str:  # noqa: N802
        return "{" + self.written() + "}"

    def written(self) -> str:
        return str(self._value)

    def read(self, text: str) -> None:
        self._value = self.checked(text)


class Channel_Knob(Knob):  # noqa: N801
    default = ""

    def checked(self, value: Any) -> Any:
        return _text(self, value)


class Disable_Knob(Boolean_Knob):  # noqa: N801
    pass


class Action_Knob(Script_Knob):  # noqa: N801
    """A built-in button such as a Read's reload; counts how often it was pressed."""

    def __init__(self, name: str, label: str | None = None) -> None:
        super().__init__(name, label)
        self.pressed = 0

    def execute(self) -> None:
        in_main_thread(f"{self.name()}.execute()")
        self.pressed += 1


def _text(knob: Knob, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{knob.name()}: {value!r} is no text")
    return value


USER = (Tab_Knob, Text_Knob, String_Knob, File_Knob, PyScript_Knob, Double_Knob, Int_Knob, Boolean_Knob, XY_Knob)
KINDS: dict[int, Callable[..., Knob]] = {kind.number: kind for kind in USER}
"""The numbers that `addUserKnob` uses; an enumeration (4) also takes its entries."""


def from_text(text: nk_text.UserKnob) -> Knob:
    """The knob that an `addUserKnob` declares."""
    if text.kind == Enumeration_Knob.number:
        knob: Knob = Enumeration_Knob(text.name, text.label, text.menu)
    else:
        knob = KINDS[text.kind](text.name, text.label)
        if text.text:
            knob.setValue(text.text)
    knob.setTooltip(text.tooltip)
    knob._visible = "+HIDDEN" not in text.flags and "+INVISIBLE" not in text.flags
    if "-STARTLINE" in text.flags:
        knob.clearFlag(STARTLINE)
    if text.limits and isinstance(knob, Array_Knob):
        knob.setRange(*text.limits)
    return knob
