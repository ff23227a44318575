"""What requests and answers of the API look like: the examples of its OpenAPI description."""

from __future__ import annotations

from typing import Any

# A picture of six by four pixels, so that the example can be sent as it stands.
_PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAYAAAAECAIAAAAiZtkUAAAAFElEQVR42mNkaGhgQAVMDBiAOCEASvwBCKFee2IAAAAASUVORK5CYII="

ERROR: dict[str, Any] = {"error": {"code": "image", "message": "notes.jpg is a text file, not a picture."}}

DESCRIBE: dict[str, Any] = {"image": _PICTURE, "detail": "brief"}

DESCRIBED: dict[str, Any] = {
    "source": "dog.jpg",
    "status": "ok",
    "text": "A dog is running on the grass. The sign says: Keep off.",
    "caption": "A dog is running on the grass.",
    "alternatives": ["A brown puppy plays in a field."],
    "confidence": 0.71,
    "certainty": "high",
    "is_photo": True,
    "kind": "photograph",
    "detail": "standard",
    "part": "whole",
    "pieces": [],
    "text_found": ["Keep off"],
    "notes": None,
    "findings": {},
    "problems": [],
    "audio_seconds": None,
    "seconds": {"open": 0.006, "caption": 0.081, "read": 0.24, "total": 0.33},
    "captioner": "compact",
    "voice": None,
    "error": None,
    "audio": None,
    "audio_format": None,
}

STREAM = (
    'event: caption\ndata: {"caption": "A dog is running on the grass.", ...}\n\n'
    "event: description\ndata: {...}\n\n"
    'event: audio\ndata: {"audio": "UklGR...", "seconds": 1.9}\n\nevent: done\ndata: {}\n\n'
)

SPEECH: dict[str, Any] = {
    "model": "lookaloud", "input": "Good morning.", "voice": "alloy", "response_format": "mp3",
}  # fmt: skip

CAPTIONERS: dict[str, Any] = {
    "captioners": [
        {"name": "compact", "description": "Small and fast.", "licence": "Apache-2.0", "size_mb": 60, "in_use": True}
    ]
}
VOICES: dict[str, Any] = {
    "voices": [
        {
            "name": "heart",
            "description": "A warm voice.",
            "language": "en-US",
            "sample_rate": 24000,
            "licence": "Apache-2.0",
        }
    ]
}
MODELS: dict[str, Any] = {
    "object": "list", "data": [{"id": "lookaloud", "object": "model", "created": 0, "owned_by": "lookaloud"}],
}  # fmt: skip
NAMED_VOICES: dict[str, Any] = {"voices": [{"id": "heart", "name": "heart"}]}
