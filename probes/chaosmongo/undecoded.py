"""Seeded scores as they come from the server, digested without being decoded: that is most of what reading them takes.

A batch of documents is taken for seeded scores only where every byte of it is as it would be if a run had just put them
there; what the fields hold is read from it, not supposed. All else is left to who decodes it. Source: bsonspec.org.
"""

import functools
import re
import struct

from chaosmongo import scores

Stretch = tuple[int, str]
"""The number of the first of consecutive scores, and the digests of all of them, joined."""


def digested(batch: bytes, seed: int) -> Stretch | None:
    """The documents of a batch, one after the other, where they are scores of this seed and follow each other by
    number. None where they are not.
    """
    form, length = _form(seed)
    if form.match(batch) is None:  # soon said of what is none of ours
        return None
    found = form.findall(batch)
    sizes, names, told, clouds, zones, hosts, points, levels = zip(*found, strict=True)
    of_clouds = [len(cloud) for cloud in clouds]
    if sum(of_clouds) + length * len(found) != len(batch):
        return None  # there is something between them
    if b"".join(told) != bytes(one + 1 for one in of_clouds):
        return None
    if b"".join(sizes) != struct.pack(f"<{len(found)}H", *[length + one for one in of_clouds]):
        return None
    numbers = range(int(names[0]), int(names[0]) + len(found))
    if list(map(int, names)) != list(numbers):
        return None
    rows = zip(clouds, hosts, _integers(levels), numbers, _integers(points), zones, strict=True)
    return numbers[0], scores.digests(seed, rows)


def _integers(fields: tuple[bytes, ...]) -> tuple[int, ...]:
    return struct.unpack(f"<{len(fields)}i", b"".join(fields))


@functools.lru_cache(maxsize=16)
def _form(seed: int) -> tuple[re.Pattern[bytes], int]:
    """What a document of this seed looks like, and its length without that of the cloud's name.

    Groups: the document's length; number; the length of the cloud's name, which is the only one that is not spelt out,
    and that name; zone, host, score, level. A text that is longer, or shorter, than it looks does not fit.
    """
    name = re.escape(scores.seed_prefix(seed).encode())
    names = len(scores.seed_name(seed, 0))
    fields = (
        _text("_id", name + rb"[0-9]{7}", names),
        _text("name", name + rb"([0-9]{7})", names),
        rb"\x02cloud\x00(.)\x00\x00\x00(%b)\x00" % "|".join(scores.CLOUDS).encode(),
        _text("zone", rb"(zone-[0-9])", 6),
        _text("host", rb"(host-[0-9]{2})", 7),
        rb"\x10score\x00(.{4})",
        rb"\x10level\x00(.{4})",
        _text("run", rb"chaos-[0-9a-f]{8}-", 15),
    )
    texts = {"_id": names, "name": names, "cloud": 0, "zone": 6, "host": 7, "run": 15}
    length = 4 + sum(1 + len(field) + 1 + 4 + of + 1 for field, of in texts.items()) + 2 * len("?score?1234") + 1
    return re.compile(rb"(..)\x00\x00" + b"".join(fields) + rb"\x00", re.DOTALL), length


def _text(field: str, pattern: bytes, length: int) -> bytes:
    """A field that holds a string of that length."""
    return rb"\x02%b\x00%b%b\x00" % (field.encode(), re.escape(struct.pack("<i", length + 1)), pattern)
