"""What is written down of each picture: its description, and what is known of its file, as a `Record`."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from lookaloud.batch.items import Item
from lookaloud.describe.description import Description
from lookaloud.manifest import Record

if TYPE_CHECKING:
    from lookaloud.batch.decoding import Decoded
    from lookaloud.describe.narrator import Narrator

STAGES = ("open", "caption", "read", "speech")
"""The stages whose seconds a record has."""

# Module -> its package: what is loaded once the engines are is what they run on.
_PACKAGES = {
    "PIL": "pillow", "numpy": "numpy", "onnxruntime": "onnxruntime", "tokenizers": "tokenizers", "hibari": "hibari-tts",
    "torch": "torch", "transformers": "transformers", "piper": "piper-tts", "TTS": "coqui-tts", "rapidocr": "rapidocr",
}  # fmt: skip


@dataclass(frozen=True)
class Engines:
    """What describes the pictures of a run: names, settings and versions, as in `Record`."""

    captioner: str | None = None
    voice: str | None = None
    rate: float | None = None
    detail: str | None = None
    versions: Mapping[str, str] = field(default_factory=dict)


def engines_of(narrator: Narrator) -> Engines:
    """Return what a narrator is made of."""
    versions = {}
    for package in ("lookaloud", *(package for module, package in _PACKAGES.items() if module in sys.modules)):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    voice = narrator.voice
    return Engines(
        narrator.captioner.name,
        None if voice is None else voice.name,
        None if voice is None else narrator.rate,
        narrator.detail,
        versions,
    )


def sound_name(decoded: Decoded, text: str, engines: Engines, format: str) -> str:
    """The name of a picture's sound: that of the picture, and what its content, its words and their voice come to.

    So a sound that is made again under the same name is the same, and one that differs has another name.
    """
    item = decoded.item
    inside = (item.member or item.path).replace("\\", "/").rstrip("/").rpartition("/")[2]
    stem = re.sub(r"[^\w.-]+", "-", inside.rpartition(".")[0] or inside).strip(".-")[:60] or "picture"
    stem = stem.encode("utf-8", "replace").decode("utf-8")
    page = f"-page-{item.page}" if item.page else ""
    made_of = repr((decoded.sha256, item.page, text, engines.voice, engines.rate))
    return f"{stem}{page}-{hashlib.sha256(made_of.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}.{format}"


def record_of(decoded: Decoded, description: Description, engines: Engines, audio: str | None = None) -> Record:
    """Return the record of a picture: what its description says, and what is known of its file.

    Args:
        decoded: the picture.
        description: what it resulted in.
        engines: what described it.
        audio: the name of its sound; None without one.
    """
    item = decoded.item
    row = description.to_json()
    return Record(
        **row
        | {"source": named(item), "captioner": engines.captioner, "voice": engines.voice, "detail": engines.detail}
        | {"seconds": {} if description.error else {stage: row["seconds"][stage] for stage in STAGES}},
        path=item.path,
        member=item.member,
        page=item.page,
        pages=decoded.n_pages if item.page is not None else None,
        sha256=decoded.sha256,
        bytes=decoded.n_bytes if item.size is None else item.size,
        modified_ns=item.modified_ns,
        width=decoded.width,
        height=decoded.height,
        audio=audio,
        rate=engines.rate,
        versions=engines.versions,
        finished=now(),
    )


def now() -> str:
    """Return the time in UTC as a record has it.

    >>> len(now())
    20
    """
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def same_record(record: Record, decoded: Decoded) -> Record:
    """Return the record of a picture with the same bytes as one that has a record."""
    own = record_of(decoded, Description(decoded.item.source), Engines())
    same_as = record.same_as or record.source
    return replace(
        record,
        error=record.error and record.error.replace(record.source, own.source),
        **{name: getattr(own, name) for name in ("source", "path", "member", "page", "pages", "bytes", "modified_ns")},
        same_as=None if same_as == own.source else same_as,
        seconds=record.seconds if record.key == own.key else {},
        finished=own.finished,
    )


def named(item: Item) -> str:
    """Return what an item is called, its page among it.

    >>> named(Item("scan.tif", "/scan.tif", page=2))
    'scan.tif#page=2'
    """
    return item.source if item.page is None else f"{item.source}#page={item.page}"
