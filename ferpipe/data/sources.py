"""Where pictures and tables lie: a folder, a zip or one CSV file, listed and read without trusting any of them.

Nothing is extracted to disk: a member is read into memory, never further than its limit.
"""

import io
import os
import re
import zipfile
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple, TypeVar, cast

from PIL import features

from ferpipe.errors import Slip

_JPEG = (".jpg", ".jpeg", ".jpe", ".jfif")
_AVIF = {".avif"} if "avif" in features.modules and features.check_module("avif") else set()  # since Pillow 11.3
PICTURES = frozenset({*_JPEG, ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm"} | _AVIF)
# pictures that are not read here: of phones and cameras, drawings, and those that few programs know
UNREAD = frozenset({".avif", ".heic", ".heif", ".jxl", ".jp2", ".svg", ".psd", ".dng", ".cr2", ".nef"}) - PICTURES
LISTS = ("list_patition_label.txt", "list_partition_label.txt")  # RAF-DB's labels; its own spelling first
SUFFIXES = PICTURES | {".csv"}
MAGIC = {  # how files begin that are something else, and what they are
    b"\x1f\x8b": "a gzip archive", b"7z\xbc\xaf": "a 7z archive", b"Rar!": "a rar archive", b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive", b"\x89PNG": "a PNG picture", b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture", b"BM": "a BMP picture", b"%PDF": "a PDF document",
}  # fmt: skip
PICTURE_LIMIT = 32 << 20  # bytes of one picture
TOTAL_LIMIT = 4 << 30  # bytes that a zip may declare in all; fer2013.csv has 0.3 GB
RATIO_LIMIT = 200  # unpacked over packed; rows of numbers reach 4, zeros 1,000
RATIO_FROM = 1 << 20  # bytes: a small member can do no harm, however well it packs
COUNT_LIMIT = 1_000_000
NAME_LIMIT = 255  # characters, as in file systems; names become one array as wide as the longest
LINE_LIMIT = 1 << 16  # bytes; a row of 2,304 numbers has at most 9,300
BATCH = 256  # pictures between two reports of progress
WANTED = "wanted a zip, a folder or a .csv file"

Progress = Callable[[int], object]
T = TypeVar("T")


class Entry(NamedTuple):
    """A picture or table in a source."""

    name: str  # relative to the source, with forward slashes
    size: int  # bytes
    changed: int  # modification time in ns; 0 in a zip
    place: Any  # what the source opens it by

    @property
    def suffix(self) -> str:
        """The name's ending in lower case, with its dot."""
        return os.path.splitext(self.name)[1].lower()

    @property
    def file(self) -> str:
        """The name without its folders."""
        return self.name.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Source:
    """Pictures and tables, and the way to their bytes."""

    title: str  # fit to print
    prefix: str  # stands before a member's name in messages
    entries: list[Entry]
    opener: Callable[[Entry], IO[bytes]]
    code: str = ""  # of an old zip's names, which does not say it

    @property
    def recoded(self) -> str:
        """What to tell of names in an old code; nothing where all are told."""
        folders = {entry.name.rpartition("/")[0] for entry in self.entries if not entry.name.isascii()}
        told = f"names of the zip are read as {self.code.upper()} ({some(folders)}); if they are not, unpack it first"
        return told if self.code else ""

    @property
    def pictures(self) -> list[Entry]:
        """The entries that are pictures."""
        return [entry for entry in self.entries if entry.suffix in PICTURES]

    @property
    def tables(self) -> list[Entry]:
        """The entries that are tables of pictures."""
        others = [entry for entry in self.entries if entry.suffix not in PICTURES | UNREAD]
        return [entry for entry in others if entry.file.lower() not in LISTS]

    @property
    def lists(self) -> list[Entry]:
        """The entries that are RAF-DB's list of labels."""
        return [entry for entry in self.entries if entry.file.lower() in LISTS]

    @property
    def unread(self) -> list[Entry]:
        """The entries that are pictures of a kind that is not read."""
        return [entry for entry in self.entries if entry.suffix in UNREAD]

    @property
    def warning(self) -> str:
        """What to tell of the pictures that are not read; nothing where there are none."""
        names, count = some(entry.name for entry in self.unread), len(self.unread)
        return f"{count:,} picture(s) of kinds that are not read ({names}): save them as JPEG or PNG" if count else ""

    def name(self, entry: Entry) -> str:
        """Return how messages call a member."""
        return shown(self.prefix + entry.name)

    def read(self, entry: Entry) -> bytes:
        """Return a picture's bytes; raises Slip when it is larger than any picture or cannot be read."""
        if entry.size > PICTURE_LIMIT:
            raise Slip(
                f"{self.name(entry)} has {entry.size:,} bytes; a picture may have {PICTURE_LIMIT:,}; "
                "take it out or shrink it"
            )
        try:
            with self.opener(entry) as file:
                return file.read(entry.size + 1)  # one more: at its end a zip member's checksum is compared
        except Exception as error:  # a damaged zip makes zipfile raise nearly anything
            raise self._unreadable(entry, error) from None

    def lines(self, entry: Entry) -> Generator[bytes, None, None]:
        """Yield a table's lines, at most LINE_LIMIT + 1 bytes of each; raises Slip when it cannot be read."""
        try:
            with self.opener(entry) as raw, io.BufferedReader(cast(io.RawIOBase, raw), 1 << 20) as file:
                while line := file.readline(LINE_LIMIT + 1):
                    yield line
        except Exception as error:  # as above; what the caller raises does not pass here
            raise self._unreadable(entry, error) from None

    def _unreadable(self, entry: Entry, error: Exception) -> Slip:
        return Slip(f"{self.name(entry)} cannot be read ({reason(error)}); download it again")


def shown(text: object, limit: int = 200) -> str:
    """Return text fit for one line of a terminal: control characters escaped, its middle left out when it is long."""
    line = str(text)
    line = line if len(line) <= limit else f"{line[: limit // 2]}…{line[-limit // 2 :]}"
    if line.isprintable():
        return line
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)


def reason(error: BaseException) -> str:
    """Return what an exception says, fit for one line."""
    text = (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
    return shown(text, 120)


def some(names: Iterable[str], count: int = 5) -> str:
    """Return the first few names in quotes, and how many more there are."""
    every = sorted(set(names))
    more = f" and {len(every) - count:,} more" if len(every) > count else ""
    return ", ".join(f"'{shown(name, 80)}'" for name in every[:count]) + more


def counted(items: Iterable[T], progress: Progress | None) -> Iterator[T]:
    """Yield the items, and tell `progress` every now and then how many have been dealt with since."""
    done = 0
    for done, item in enumerate(items, 1):
        yield item
        if progress is not None and done % BATCH == 0:
            progress(BATCH)
    if progress is not None and done % BATCH:
        progress(done % BATCH)


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """Yield what lies at `path`; raises Slip when nothing does, or nothing that can be read or trusted."""
    title = shown(path)
    check(path)
    if os.path.isdir(path):
        yield Source(title, f"{path}/", folder_entries(path), _open)
    elif path.suffix.lower() in SUFFIXES or _is_table(path):
        entry = Entry(path.name, os.path.getsize(path), 0, path)
        yield Source(title, str(path).removesuffix(path.name), [entry], _open)
    else:
        with _archive(path, title) as archive:
            code = _code(archive)
            yield Source(title, f"{path}: ", _members(archive, title, code), lambda e: archive.open(e.place), code)


def _is_table(path: Path) -> bool:
    """Return whether a file without a known ending begins as a table of pictures does."""
    try:
        with open(path, "rb") as file:
            return b"pixels" in file.readline(200).lower().replace(b" ", b"").strip().split(b",")[:3]
    except OSError as error:
        raise Slip(f"{shown(path)} cannot be read ({reason(error)}); change its permissions") from None


def _open(entry: Entry) -> IO[bytes]:
    return open(entry.place, "rb", buffering=0)


def check(path: Path) -> None:
    """Raise Slip unless `path` names a file or a folder."""
    if not os.path.exists(path):
        raise Slip(f"{shown(path)}: no such file or folder; {WANTED}")
    if not os.path.isdir(path) and not os.path.isfile(path):
        raise Slip(f"{shown(path)} is neither a file nor a folder; {WANTED}")


def folder_entries(path: Path) -> list[Entry]:
    """Return the pictures and tables in a folder and below it, by name; raises Slip when it cannot be listed."""
    entries: list[Entry] = []
    waiting, seen = [(str(path), "")], set()
    while waiting:
        folder, prefix = waiting.pop()
        try:
            status = os.stat(folder)
            if (status.st_dev, status.st_ino) in seen:  # a link back up
                continue
            seen.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as listing:
                for item in listing:
                    if _junk(item.name):
                        continue
                    if item.is_dir():
                        waiting.append((item.path, f"{prefix}{item.name}/"))
                    elif _wanted(item.name) and item.is_file():
                        facts = item.stat()
                        entries.append(Entry(prefix + item.name, facts.st_size, facts.st_mtime_ns, item.path))
        except OSError as error:
            raise Slip(f"{shown(folder)} cannot be listed ({reason(error)}); change its permissions") from None
        if len(entries) > COUNT_LIMIT:
            raise Slip(f"{shown(path)} holds more than {COUNT_LIMIT:,} pictures; wanted a data set's folder alone")
    return sorted(entries)


def _archive(path: Path, title: str) -> zipfile.ZipFile:
    if path.suffix.lower() != ".zip" and not zipfile.is_zipfile(path):
        raise Slip(f"{title} {_told(path)}")
    try:
        return zipfile.ZipFile(path)
    except Exception as error:  # what zipfile raises for a broken directory depends on how it is broken
        raise Slip(f"{title} is no zip file, or a cut-off one ({reason(error)}); download it again") from None


def _told(path: Path) -> str:
    """Return what a file is that is neither a zip nor a table, and what to do with it."""
    if (suffix := path.suffix.lower()) in UNREAD:
        return (
            f"is a {suffix[1:].upper()} picture, which is not read here; save it as JPEG or PNG (an image viewer's "
            "export; heif-convert or ImageMagick's magick on the command line)"
        )
    with open(path, "rb") as file:
        head = file.read(263)
    start, tar = head[:8], head[257:262] == b"ustar"
    what = next((what for magic, what in MAGIC.items() if start.startswith(magic)), "")
    what = "a tar archive" if tar else what
    if "picture" in what:
        return f"is {what} without its ending: rename it to {path.name}.{what.split()[1].lower()}"
    packed = "archive" in what or re.search(r"\.(tar|t?gz|7z|rar|xz|bz2)$", path.name.lower())
    content = f"is {what}" if what else f"begins with {start!r}" if start else "is empty"
    return f"is neither a zip nor a .csv file: it {content}; {'unpack it and name the folder' if packed else WANTED}"


def _members(archive: zipfile.ZipFile, title: str, code: str) -> list[Entry]:
    infos = archive.infolist()
    total = sum(info.file_size for info in infos)
    if len(infos) > COUNT_LIMIT or total > TOTAL_LIMIT:
        raise Slip(
            f"{title} would unpack to {len(infos):,} files and {total:,} bytes; "
            f"read are at most {COUNT_LIMIT:,} files and {TOTAL_LIMIT:,} bytes: unpack it and name the folder"
        )
    entries = []
    for info in infos:
        name = _named(info, code).replace("\\", "/")  # as some Windows programs write it
        _check(info, name, title)
        if _wanted(name) and not any(map(_junk, name.split("/"))):
            entries.append(Entry(name, info.file_size, 0, info))
    return sorted(entries, key=lambda entry: entry.name)


_MIXED = re.compile(r"[A-Za-z][^\x00-\x7f]|[^\x00-\x7f][A-Za-z]")


def _untold(info: zipfile.ZipInfo) -> bytes:
    """Return a member's name as an old program wrote it, in its system's own code; nothing where the code is told."""
    if info.flag_bits & 0x800 or info.filename.isascii():
        return b""
    return info.filename.encode("cp437", "replace")  # as zipfile reads what is not told


def _code(archive: zipfile.ZipFile) -> str:
    """Return the code of all names that do not tell theirs; "" where there are none, or they are of no code known here.

    UTF-8 and GB2312 are rarely taken for others; GBK is, unless its characters stand apart from Latin letters.
    """
    names = list(filter(None, map(_untold, archive.infolist())))
    for code in ("utf-8", "gb2312", "gbk") if names else ():
        with suppress(UnicodeDecodeError):
            decoded = [name.decode(code) for name in names]
            if code != "gbk" or not any(
                re.search(r"[A-Za-z][^\x00-\x7f]|[^\x00-\x7f][A-Za-z]", name) for name in decoded
            ):
                return code
    return ""


def _named(info: zipfile.ZipInfo, code: str) -> str:
    written = _untold(info)
    return written.decode(code) if written and code else info.filename


def _check(info: zipfile.ZipInfo, name: str, title: str) -> None:
    again = "get the zip from its source again"
    if name.startswith("/") or re.match(r"[A-Za-z]:", name) or ".." in name.split("/"):
        fault = f"points outside the zip, which a data set's never do; {again}"
    elif len(name.rsplit("/", 1)[-1]) > NAME_LIMIT:
        fault = f"has a name of more than {NAME_LIMIT} characters; {again}"
    elif info.flag_bits & 1:
        fault = "is encrypted; unpack the zip and name the folder"
    elif info.file_size > max(RATIO_FROM, RATIO_LIMIT * info.compress_size):
        fault = f"unpacks from {info.compress_size:,} to {info.file_size:,} bytes, which no picture does; {again}"
    else:
        return
    raise Slip(f"{title}: member '{shown(name)}' {fault}")


def _junk(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _wanted(name: str) -> bool:
    stem, dot, ending = name.rpartition(".")
    known = (dot + ending).lower() in SUFFIXES | UNREAD
    return bool(stem) and (known or name.rsplit("/", 1)[-1].lower() in LISTS)
