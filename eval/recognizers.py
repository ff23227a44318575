"""Who listens: recognizers by name, each with what a signature says of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eval.errors import ModelError
from lookaloud.ground.extras import needing

if TYPE_CHECKING:
    from speech.audio import Audio

_CTC = "ctc:"
_CTC_SAMPLE_RATE = 16_000


@dataclass(frozen=True)
class Recognizer:
    """What turns speech into a transcript.

    Attributes:
        name: as a signature names it.
        transcribe: the transcript of a sound; "" where nothing was heard.
    """

    name: str
    transcribe: Callable[[Audio], str]


def load_recognizer(name: str = "tiny") -> Recognizer:
    """Return the recognizer of that name, loaded, so that what it lacks is known before any work.

    Args:
        name: a Whisper ("tiny", "small", "large-v3", a folder...; see `eval.speech.transcribe`), or "ctc:FOLDER", a
            wav2vec 2.0 or HuBERT with a CTC head in the layout of transformers, in safetensors. It hears the whole
            sound at once and writes the likeliest letter of each frame (greedy decoding), which is how Im2Sp's authors
            transcribe with facebook/wav2vec2-large-960h-lv60-self.

    Raises:
        UnknownNameError: Whisper has no model of that name; the message lists the names.
        ModelError: the model cannot be downloaded or loaded.
        MissingExtraError: the [eval] extra is missing, or [models] for "ctc:".

    Example:
        >>> load_recognizer().name  # doctest: +SKIP
        'whisper-tiny.en'
    """
    if name.startswith(_CTC):
        return _load_ctc(Path(name.removeprefix(_CTC)))
    from eval.speech.intelligibility import transcribe
    from speech.audio import silence

    transcribe(silence(0.1, _CTC_SAMPLE_RATE), model=name)
    bundled = "tiny.en" if name == "tiny" else Path(name).name
    return Recognizer(f"whisper-{bundled}", lambda audio: transcribe(audio, model=name))


def _load_ctc(folder: Path) -> Recognizer:
    with needing("A recognizer with a CTC head", extra="models"):
        import torch
        from transformers import AutoModelForCTC, AutoProcessor
    if not folder.is_dir():
        raise ModelError(
            f"{folder} is no folder; after 'ctc:', give the folder of a wav2vec 2.0 or HuBERT with CTC head."
        )
    try:
        load_processor: Any = AutoProcessor.from_pretrained  # untyped in transformers
        processor = load_processor(folder, local_files_only=True)
        # Pickled weights can run code when they are opened; safetensors cannot. A folder has no revision to pin.
        model = AutoModelForCTC.from_pretrained(folder, local_files_only=True, use_safetensors=True)  # nosec B615
        model.eval()
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).partition("\n")[0]
        raise ModelError(f"{folder} holds no recognizer with a CTC head in safetensors ({reason}).") from error

    def transcribe(audio: Audio) -> str:
        from speech.audio import resample

        samples = resample(audio, _CTC_SAMPLE_RATE).samples
        inputs = processor(samples, sampling_rate=_CTC_SAMPLE_RATE, return_tensors="pt")
        with torch.inference_mode():
            logits = model(**inputs).logits
        return str(processor.batch_decode(logits.argmax(dim=-1))[0]).strip()

    return Recognizer(f"ctc-{folder.resolve().name}", transcribe)
