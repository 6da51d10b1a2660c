"""WHICH OBJECTS A JSON FILE HOLDS, one at a time: memory is bounded by the largest object, not by the file.

A list or a page yields its items, ndjson its lines. Brackets are counted here and each item is parsed by itself, so a
file may be of any size, but not nested deeper than HSDS could ever be.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import orjson

from resource_api.directory.load.archive import iterate_lines
from resource_api.errors import LoadError

DEEPEST = 32
LARGEST_OBJECT = 64 * 1024 * 1024
_CHUNK = 1 << 16
_IN_TEXT = re.compile(rb'["\\]')
_OUTSIDE = re.compile(rb'["\[\]{},:]')


@dataclass(frozen=True, slots=True)
class Found:
    """A value and the line it begins on; `key` is the member it is, or the member whose list it is an item of.

    `is_end` marks the end of an outermost object, and has no value.
    """

    value: object
    line: int
    key: str | None = None
    is_item: bool = False
    is_end: bool = False


def read_ndjson(file: BinaryIO, name: str) -> Iterator[Found]:
    """Read one JSON value a line, each with its line.

    Raises LoadError at a line that is not JSON.
    """
    for number, line in enumerate(iterate_lines(file, longest=LARGEST_OBJECT), start=1):
        line = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        if line.strip():
            _check_depth(line, name, number)
            yield Found(_parse(line, name, number), number, is_item=True)


def read_json(file: BinaryIO, name: str) -> Iterator[Found]:
    """Read the items of a list, or the members of an object and then its end, or several such one after the other.

    A member that is a list comes item by item.

    Raises LoadError where the file is cut off or is not JSON.
    """
    yield from _Scanner(file, name).read()


def _check_depth(text: bytes, name: str, line: int) -> None:
    if text.count(b"[") + text.count(b"{") <= DEEPEST:
        return
    depth = at = 0
    while found := _OUTSIDE.search(text, at):
        sign = found[0]
        at = found.end()
        if sign == b'"':
            at = _after_text(text, at)
        elif sign in b"[{":
            depth += 1
            if depth > DEEPEST:
                raise _too_deep(name, line)
        elif sign in b"]}":
            depth -= 1


def _after_text(text: bytes, at: int) -> int:
    while found := _IN_TEXT.search(text, at):
        at = found.end()
        if found[0] == b'"':
            return at
        at += 1
    return len(text)


def _too_deep(name: str, line: int) -> LoadError:
    return LoadError(f"{name}, line {line}: nested deeper than {DEEPEST}", hint="HSDS nests about ten deep")


def _parse(text: bytes, name: str, line: int) -> object:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise LoadError(
            f"{name}, line {line}: not JSON: {error}", hint="valid JSON in UTF-8; is it cut off?"
        ) from error


class _Scanner:
    """Cuts a JSON file at its outermost commas."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self.file = file
        self.name = name
        self.buffer = b""
        self.at = 0
        self.line = 1
        self.ended = False

    def read(self) -> Iterator[Found]:
        self._fill()
        self.buffer = self.buffer.removeprefix(b"\xef\xbb\xbf")
        first = True
        while (sign := self._peek()) is not None:
            if sign == b"[":
                yield from self._items(None)
            elif sign == b"{":
                yield from self._members()
            else:
                raise LoadError(
                    f"{self.name}, line {self.line}: not JSON, or no object",
                    hint="a JSON object, a list of them, or ndjson",
                )
            first = False
        if first:
            raise LoadError(f"{self.name} is empty", hint="a JSON object, a list of them, or ndjson")

    def _members(self) -> Iterator[Found]:
        start = self.line
        self._skip(b"{")
        while (sign := self._peek()) != b"}":
            if sign != b'"':
                raise self._broken()
            key = str(_parse(self._value(), self.name, self.line))
            self._skip(b":")
            if self._peek() == b"[":
                yield from self._items(key)
            else:
                line = self.line
                yield Found(_parse(self._value(), self.name, line), line, key)
            self._between(b"}")
        self._skip(b"}")
        yield Found(None, start, is_end=True)

    def _items(self, key: str | None) -> Iterator[Found]:
        self._skip(b"[")
        while self._peek() != b"]":
            line = self.line
            yield Found(_parse(self._value(), self.name, line), line, key, is_item=True)
            self._between(b"]")
        self._skip(b"]")

    def _between(self, end: bytes) -> None:
        sign = self._peek()
        if sign == b",":
            self._skip(b",")
            if self._peek() == end:
                raise self._broken()
        elif sign != end:
            raise self._broken()

    def _broken(self) -> LoadError:
        what = "it is cut off" if self._peek() is None else "not JSON"
        return LoadError(f"{self.name}, line {self.line}: {what}", hint="a whole, valid JSON file in UTF-8")

    def _fill(self) -> bool:
        chunk = self.file.read(_CHUNK)
        self.ended = not chunk
        self.buffer += chunk
        return bool(chunk)

    def _peek(self) -> bytes | None:
        """Find the next sign that is no blank, counting lines on the way."""
        while True:
            rest = self.buffer[self.at :]
            stripped = rest.lstrip(b" \t\r\n")
            self.line += rest.count(b"\n", 0, len(rest) - len(stripped))
            self.buffer, self.at = stripped, 0
            if stripped:
                return stripped[:1]
            if not self._fill():
                return None

    def _skip(self, sign: bytes) -> None:
        if self._peek() != sign:
            raise self._broken()
        self.at += 1

    def _value(self) -> bytes:
        """Cut out one whole value, from the sign that was peeked at."""
        at = depth = 0
        while True:
            found = _OUTSIDE.search(self.buffer, at)
            if found is None:
                at = len(self.buffer)
                self._more()
                continue
            sign = found[0]
            if depth == 0 and sign in b",]}:":
                return self._take(found.start())
            at = found.end()
            if sign == b'"':
                at = self._skip_text(at)
                if depth == 0:
                    return self._take(at)
            elif sign in b"[{":
                depth += 1
                if depth > DEEPEST:
                    raise _too_deep(self.name, self.line)
            elif sign in b"]}":
                depth -= 1
                if depth == 0:
                    return self._take(at)

    def _skip_text(self, at: int) -> int:
        while True:
            found = _IN_TEXT.search(self.buffer, at)
            if found is None:
                at = len(self.buffer)
                self._more()
            elif found[0] == b'"':
                return found.end()
            else:
                at = found.end() + 1
                while at > len(self.buffer):
                    self._more()

    def _more(self) -> None:
        if len(self.buffer) > LARGEST_OBJECT:
            raise LoadError(
                f"{self.name}, line {self.line}: an object larger than {LARGEST_OBJECT:,} bytes",
                hint="one record an object",
            )
        if not self._fill():
            raise LoadError(f"{self.name}: the file is cut off after line {self.line}", hint="a whole JSON file")

    def _take(self, end: int) -> bytes:
        value, self.buffer = self.buffer[:end], self.buffer[end:]
        self.line += value.count(b"\n")
        self.at = 0
        return value
