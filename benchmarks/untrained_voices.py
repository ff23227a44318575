"""Voices with random weights in their published sizes: what they say is noise, how long it takes is what counts.

They are saved as the published ones are, and loaded by the same code. A random network does not know how long to
speak, so VITS is set to a natural pace of letters a second, and SpeechT5 never stops before its longest.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

TEXT = "a brown dog runs through the green grass with a red ball."
LETTERS = "_abcdefghijklmnopqrstuvwxyz '-"
# English is read at about this pace: 2.5 words a second.
LETTERS_A_SECOND = 14.0


def make_mms(folder: Path) -> dict[str, Any]:
    """VITS as in facebook/mms-tts-eng: the defaults of transformers."""
    import torch
    from transformers import VitsConfig, VitsModel, VitsTokenizer

    torch.manual_seed(1)
    vocabulary = folder / "letters.json"
    vocabulary.write_text(json.dumps({letter: i for i, letter in enumerate(LETTERS)}))
    tokenizer = VitsTokenizer(str(vocabulary), pad_token="_", unk_token="_", language="eng", phonemize=False)
    tokenizer.save_pretrained(folder)
    vocabulary.unlink()
    model = VitsModel(VitsConfig(vocab_size=len(LETTERS))).eval()
    with torch.no_grad():
        said = model(**tokenizer(TEXT, return_tensors="pt")).waveform.shape[-1] / model.config.sampling_rate
    model.config.speaking_rate = said * LETTERS_A_SECOND / len(TEXT)
    model.save_pretrained(folder)
    return {"name": f"hf:{folder}"}


def make_speecht5(folder: Path) -> dict[str, Any]:
    """SpeechT5 and its HiFiGAN as in microsoft/speecht5_tts and speecht5_hifigan: the defaults of transformers."""
    import numpy as np
    import sentencepiece
    import torch
    from transformers import (
        SpeechT5Config,
        SpeechT5ForTextToSpeech,
        SpeechT5HifiGan,
        SpeechT5HifiGanConfig,
        SpeechT5Tokenizer,
    )

    torch.manual_seed(2)
    letters = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([LETTERS, TEXT, TEXT.upper()]), model_writer=letters, model_type="char", vocab_size=80,
        hard_vocab_limit=False, bos_id=0, pad_id=1, eos_id=2, unk_id=3, minloglevel=2,
    )  # fmt: skip
    for part in ("voice", "vocoder"):
        (folder / part).mkdir()
    spm = folder / "voice" / "spm_char.model"
    spm.write_bytes(letters.getvalue())
    tokenizer = SpeechT5Tokenizer(str(spm))
    tokenizer.save_pretrained(folder / "voice")
    model = SpeechT5ForTextToSpeech(SpeechT5Config(vocab_size=len(tokenizer)))
    torch.nn.init.constant_(model.speech_decoder_postnet.prob_out.bias, -9.0)
    model.save_pretrained(folder / "voice")
    SpeechT5HifiGan(SpeechT5HifiGanConfig(initializer_range=0.05)).save_pretrained(folder / "vocoder")
    speaker = folder / "speaker.npy"
    np.save(speaker, np.random.default_rng(0).standard_normal(512).astype(np.float32))
    return {"name": f"hf:{folder / 'voice'}", "vocoder": str(folder / "vocoder"), "speaker": str(speaker)}


def make_coqui_vits(folder: Path) -> dict[str, Any]:
    """VITS as in tts_models/en/ljspeech/vits, on letters: Coqui's defaults."""
    import torch
    from TTS.tts.configs.shared_configs import CharactersConfig
    from TTS.tts.configs.vits_config import VitsConfig
    from TTS.tts.models.vits import Vits, VitsArgs

    torch.manual_seed(1)
    config = VitsConfig(
        # No noise in the lengths, so that the pace that is set here is kept.
        model_args=VitsArgs(init_discriminator=False, inference_noise_scale_dp=0.0),
        use_phonemes=False,
        text_cleaner="english_cleaners",
        characters=CharactersConfig(
            characters_class="TTS.tts.models.vits.VitsCharacters", pad="_", eos="", bos="", blank="",
            characters="abcdefghijklmnopqrstuvwxyz", punctuations="!'(),-.:;? ", phonemes="",
        ),
    )  # fmt: skip
    config.audio.do_trim_silence = False  # it would take noise for silence
    model = Vits.init_from_config(config).eval()
    ids = torch.tensor([model.tokenizer.text_to_ids(TEXT)])
    with torch.no_grad():
        said = model.inference(ids)["model_outputs"].shape[-1] / config.audio.sample_rate
    config.model_args.length_scale = len(TEXT) / LETTERS_A_SECOND / said
    config.save_json(folder / "config.json")
    torch.save({"model": model.state_dict(), "config": config.to_dict()}, folder / "model_file.pth")
    return {"name": f"coqui:{folder}"}


MAKERS: dict[str, Callable[[Path], dict[str, Any]]] = {
    "MMS (VITS), untrained": make_mms,
    "SpeechT5 with HiFiGAN, untrained": make_speecht5,
    "Coqui VITS, untrained": make_coqui_vits,
}
"""Title in the table: what makes its files in an empty folder and says how `load_voice` takes them."""
