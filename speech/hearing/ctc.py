"""Recognizers with a CTC head: wav2vec 2.0, HuBERT. Greedy decoding, of the whole sound at once.

This is how Im2Sp's authors transcribe, with facebook/wav2vec2-large-960h-lv60-self.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lookaloud.ground.extras import needing
from speech.audio import Audio, resample
from speech.errors import WeightsError
from speech.hearing.recognizer import Recognizer, Segment, Transcript

_SAMPLE_RATE = 16_000


def load_ctc(target: str) -> Recognizer:
    """Return the recognizer in that folder. See `load_recognizer` for what it raises."""
    with needing("A recognizer with a CTC head", extra="models"):
        import torch
        from transformers import AutoModelForCTC, AutoProcessor
    folder = Path(target)
    if not folder.is_dir():
        raise WeightsError(
            f"{folder} is not a folder; after 'ctc:', give the folder of a wav2vec 2.0 or HuBERT with a CTC head."
        )
    try:
        load_processor: Any = AutoProcessor.from_pretrained  # untyped in transformers
        processor = load_processor(folder, local_files_only=True)
        # Pickled weights can run code when they are opened; safetensors cannot. A folder has no revision to pin.
        model = AutoModelForCTC.from_pretrained(folder, local_files_only=True, use_safetensors=True)  # nosec B615
        model.eval()
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).partition("\n")[0]
        raise WeightsError(f"{folder} holds no recognizer with a CTC head in safetensors ({reason}).") from error
    frame_seconds = model.config.inputs_to_logits_ratio / _SAMPLE_RATE

    def transcribe(audio: Audio) -> Transcript:
        inputs = processor(resample(audio, _SAMPLE_RATE).samples, sampling_rate=_SAMPLE_RATE, return_tensors="pt")
        with torch.inference_mode():
            letters = model(**inputs).logits.argmax(dim=-1)
        found = processor.batch_decode(letters, output_word_offsets=True)
        segments = tuple(
            Segment(word["start_offset"] * frame_seconds, word["end_offset"] * frame_seconds, word["word"])
            for word in found["word_offsets"][0]
        )
        return Transcript(str(found["text"][0]).strip(), segments)

    return Recognizer(f"ctc-{folder.resolve().name}", transcribe)
