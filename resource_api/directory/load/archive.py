"""WHICH FILES AN INPUT HAS, and how to open them safely: one file, a folder, or a zip from anywhere.

Nothing is ever extracted: members are read as streams, so a path inside a zip cannot reach the disk. A zip bomb is
met twice: by what the directory of the zip promises, and by what really comes out.
"""

import io
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Protocol, cast

from resource_api.errors import LoadError

MOST_FILES = 1_000
MOST_BYTES = 16 * 1024**3
MOST_RATIO = 200
_RATIO_COUNTS_FROM = 10 * 1024**2


class Files(Protocol):
    """The files of one input, by name."""

    name: str

    def names(self) -> list[str]:
        """List the names of the files, sorted."""
        ...

    def size(self, name: str) -> int:
        """Get the size of a file in bytes."""
        ...

    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        """Open a file for reading bytes."""
        ...


def open_files(path: Path) -> Files:
    """Open a file, a folder or a zip.

    Raises LoadError where there is none, or where a zip is broken or dangerous.
    """
    if path.is_dir():
        return _Folder(path)
    if not path.is_file():
        raise LoadError(f"{path} does not exist", hint="give a folder, a .zip, a .json or .ndjson file, or a URL")
    with path.open("rb") as file:
        start = file.read(4)
    if start.startswith(b"PK") or path.suffix.lower() == ".zip":
        return _Zip(path)
    return _Single(path)


def digest(files: Files) -> str:
    """Digest the names and the content of an input's files, to know it again."""
    total = sha256()
    for name in files.names():
        total.update(f"{name}\0{files.size(name)}\0".encode())
        with files.open(name) as file:
            try:
                while chunk := file.read(1 << 20):
                    total.update(chunk)
            except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
                raise LoadError(
                    f"{name} cannot be read: {error}", hint="the file is damaged: fetch it again"
                ) from error
    return total.hexdigest()


class _Folder:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.resolve().name

    def names(self) -> list[str]:
        found = sorted(p.name for p in self.path.iterdir() if p.is_file() and not p.name.startswith("."))
        if len(found) > MOST_FILES:
            raise LoadError(f"{self.path} holds {len(found)} files", hint=f"at most {MOST_FILES}")
        return found

    def size(self, name: str) -> int:
        return (self.path / name).stat().st_size

    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        if name not in self.names():
            raise LoadError(f"there is no file {name!r} in {self.path}", hint="check the paths in datapackage.json")
        return (self.path / name).open("rb")


class _Single:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = path.stem

    def names(self) -> list[str]:
        return [self.path.name]

    def size(self, name: str) -> int:
        return self.path.stat().st_size

    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        return self.path.open("rb")


class _Zip:
    def __init__(self, path: Path) -> None:
        self.name = path.stem
        try:
            self.archive = zipfile.ZipFile(path)
            members = [m for m in self.archive.infolist() if not m.is_dir()]
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise LoadError(f"{path.name} is not a whole zip: {error}", hint="fetch or make the zip again") from error
        if len(members) > MOST_FILES:
            raise LoadError(f"{path.name} holds {len(members)} files", hint=f"at most {MOST_FILES}")
        _check_sizes(path.name, members)
        for member in members:
            _check_member(path.name, member)
        self.members = _below_one_folder(path.name, members)

    def names(self) -> list[str]:
        return sorted(self.members)

    def size(self, name: str) -> int:
        return self.members[name].file_size

    def open(self, name: str) -> AbstractContextManager[BinaryIO]:
        if name not in self.members:
            raise LoadError(f"there is no file {name!r} in {self.name}.zip", hint="check the paths in datapackage.json")
        member = self.members[name]
        try:
            raw = self.archive.open(member)
        except (zipfile.BadZipFile, RuntimeError, NotImplementedError) as error:
            raise LoadError(
                f"{name} in {self.name}.zip cannot be read: {error}", hint="a plain zip, unencrypted"
            ) from error
        return cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, _Bounded(raw, member.file_size, name)), 1 << 16))


class _Bounded(io.RawIOBase):
    """Passes on no more bytes than the zip promised."""

    def __init__(self, raw: object, promised: int, name: str) -> None:
        self.raw = cast(BinaryIO, raw)
        self.left = promised
        self.name_in_zip = name

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast(bytearray, buffer))
        try:
            chunk = self.raw.read(len(view))
        except (zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise LoadError(f"{self.name_in_zip} is damaged: {error}", hint="fetch or make the zip again") from error
        self.left -= len(chunk)
        if self.left < 0:
            raise LoadError(f"{self.name_in_zip} is larger than its zip says", hint="this zip is not to be trusted")
        view[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        self.raw.close()
        super().close()


def _check_sizes(name: str, members: list[zipfile.ZipInfo]) -> None:
    total = sum(m.file_size for m in members)
    packed = sum(m.compress_size for m in members) or 1
    if total > MOST_BYTES or (total > _RATIO_COUNTS_FROM and total / packed > MOST_RATIO):
        raise LoadError(
            f"{name} would unpack to {total:,} bytes from {packed:,}",
            hint=f"a zip bomb? At most {MOST_BYTES:,} bytes and {MOST_RATIO} times the packed size",
        )


def _check_member(name: str, member: zipfile.ZipInfo) -> None:
    path = PurePosixPath(member.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in (path.parts or ("",))[0]:
        raise LoadError(f"{name} holds the path {member.filename!r}", hint="paths inside a zip stay inside it")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise LoadError(f"{name} holds the link {member.filename!r}", hint="put the file itself into the zip")


def _below_one_folder(zip_name: str, members: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    """Name members by their file names, within the one folder that many zips wrap their files in."""
    wanted = [m for m in members if not _is_litter(m.filename)]
    folders = {str(PurePosixPath(m.filename).parent) for m in wanted}
    named: dict[str, zipfile.ZipInfo] = {}
    top = min(folders, key=lambda folder: (folder.count("/") + (folder != "."), folder), default=".")
    for member in wanted:
        if str(PurePosixPath(member.filename).parent) != top:
            continue
        file_name = PurePosixPath(member.filename).name
        if file_name in named:
            raise LoadError(f"{zip_name} holds {file_name!r} twice", hint="keep one of them")
        named[file_name] = member
    return named


def _is_litter(path: str) -> bool:
    return path.startswith("__MACOSX/") or any(part.startswith(".") for part in PurePosixPath(path).parts)


def iterate_lines(file: BinaryIO, *, longest: int) -> Iterator[bytes]:
    """Read lines of bytes, none longer than `longest`.

    Raises LoadError at a longer one.
    """
    while line := file.readline(longest + 1):
        if len(line) > longest:
            raise LoadError(f"a line is longer than {longest:,} bytes", hint="one record a line")
        yield line
