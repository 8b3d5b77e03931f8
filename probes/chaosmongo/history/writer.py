"""One writer for one file of records. Append-only; what `commit` returned from is on disk."""

import contextlib
import fcntl
import os
import threading
import zlib
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

import msgspec

from .records import Footer, Header

_encoder = msgspec.json.Encoder()


class Writer:
    """Appends records to a file, one JSON line each. Safe to use from several threads.

    While it is open the file is locked (flock(2)), which ends with the writer's process however that ends: so others
    can tell whether the writer is still there.

    The file is readable by its owner alone. Raises FileExistsError where the file is there already: a file has one
    writer in its life. run_crc32: what the header is to say of run.json, as `write_whole` returned it. boot_id: what
    it is to say of whose clock the times are.
    """

    def __init__(
        self,
        path: Path,
        file: str,
        run: str,
        run_crc32: int | msgspec.UnsetType = msgspec.UNSET,
        boot_id: str | msgspec.UnsetType = msgspec.UNSET,
    ) -> None:
        self._lock = threading.Lock()
        self._lines, self._crc32 = 0, 0
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        with contextlib.suppress(OSError):  # a file system without locks: nobody can tell
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self.write(Header(file=file, run=run, run_crc32=run_crc32, boot_id=boot_id))

    def write(self, *records: msgspec.Struct) -> None:
        """Hands the records to the kernel in one call: they survive the end of this process, not of the machine."""
        self._append(records)

    def commit(self, records: Iterable[msgspec.Struct]) -> None:
        """Writes the records and waits until they are on disk (group commit: one fdatasync for all of them)."""
        self._append(records)
        os.fdatasync(self._fd)

    def _append(self, records: Iterable[msgspec.Struct]) -> None:
        records = list(records)
        lines = _encoder.encode_lines(records)
        with self._lock:
            self._put(lines)
            self._lines += len(records)
            self._crc32 = zlib.crc32(lines, self._crc32)

    def _put(self, lines: bytes) -> None:
        view = memoryview(lines)
        while view:
            view = view[os.write(self._fd, view) :]

    def close(self) -> None:
        """Says that the file is whole, puts everything on disk and closes it. Doing it twice is harmless."""
        with self._lock:
            if self._fd >= 0:
                self._put(_encoder.encode_lines([Footer(self._lines, self._crc32)]))
                os.fdatasync(self._fd)
                os.close(self._fd)
                self._fd = -1

    def __enter__(self) -> "Writer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def write_whole(path: Path, document: msgspec.Struct) -> int:
    """Writes one document as indented JSON; a reader sees the old file or the new one, never a part. Its CRC-32."""
    data = msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
    part = path.with_name(path.name + ".part")
    fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    return zlib.crc32(data)
