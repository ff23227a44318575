"""What is written down of each picture: from the values of the stages to a `Record`."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from lookaloud.batch.items import Item
from lookaloud.failures import explain
from lookaloud.manifest import Record

if TYPE_CHECKING:
    from captioner.picture.notes import PhotoNotes
    from lookaloud.batch.decoding import Decoded
    from lookaloud.pipeline import Narration, Narrator

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
    """What a narrator is made of."""
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


def told_record(decoded: Decoded, narration: Narration, audio: str | None, engines: Engines) -> Record:
    """The record of a picture that was described."""
    sentences = [explain(problem).sentence for problem in narration.problems]
    seconds = narration.seconds
    return replace(
        _with_caption(_record(decoded, "ok", engines), narration),
        text=narration.text,
        text_found=narration.reading,
        notes=_notes(narration.notes),
        problems=(*([decoded.problem] if decoded.problem else []), *sentences),
        audio=audio,
        audio_seconds=None if narration.audio is None else round(narration.audio.seconds, 3),
        seconds={
            "open": round(seconds.open, 3),
            "caption": round(seconds.caption, 3),
            "read": round(seconds.read, 3),
            "speech": round(seconds.speech, 3),
        },
    )


def error_record(decoded: Decoded, sentence: str, narration: Narration | None, engines: Engines) -> Record:
    """The record of a picture that was not, with its caption where only the speaking failed."""
    record = replace(_record(decoded, "error", engines), error=sentence)
    return record if narration is None else _with_caption(record, narration)


def same_record(record: Record, decoded: Decoded) -> Record:
    """The record of a picture with the same bytes as one that has a record."""
    own = _record(decoded, record.status, Engines())
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
    """What an item is called, its page among it.

    >>> named(Item("scan.tif", "/scan.tif", page=2))
    'scan.tif#page=2'
    """
    return item.source if item.page is None else f"{item.source}#page={item.page}"


def _record(decoded: Decoded, status: str, engines: Engines) -> Record:
    item = decoded.item
    n_bytes = decoded.n_bytes if item.size is None else item.size
    return Record(
        named(item),
        status,
        item.path,
        item.member,
        item.page,
        pages=decoded.n_pages if item.page is not None else None,
        sha256=decoded.sha256,
        bytes=n_bytes,
        modified_ns=item.modified_ns,
        width=decoded.width,
        height=decoded.height,
        detail=engines.detail,
        finished=datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        captioner=engines.captioner,
        voice=engines.voice,
        rate=engines.rate,
        versions=engines.versions,
    )


def _with_caption(record: Record, narration: Narration) -> Record:
    caption = narration.caption
    return replace(
        record,
        caption=caption.text,
        alternatives=caption.alternatives,
        confidence=round(caption.confidence, 4),
        certainty=caption.certainty,
        is_photo=caption.is_photo,
        kind=caption.kind,
    )


def _notes(notes: PhotoNotes | None) -> dict[str, str | None] | None:
    if not notes:
        return None
    return {**dataclasses.asdict(notes), "taken": notes.taken and notes.taken.isoformat()}
