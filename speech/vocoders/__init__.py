"""Mel-spectrogram to waveform, as a seam of its own: `copy_synthesis(audio, load_vocoder("griffin-lim"))`.

A vocoder brings the mel front end that it was made for, so that vocoders can be compared on the same recordings.
"""

from speech.vocoders.vocoder import Vocoder, copy_synthesis, load_vocoder

__all__ = ["Vocoder", "copy_synthesis", "load_vocoder"]
