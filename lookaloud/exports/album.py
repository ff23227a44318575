"""All sounds in one file with a chapter for each picture, and captions in step with it."""

from __future__ import annotations

import shutil
import subprocess  # programs as lists, never a shell  # nosec B404
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from lookaloud.errors import ExportError
from lookaloud.exports.files import replacing, write_lines
from lookaloud.exports.options import Batch, Export, counted, spoken
from lookaloud.exports.tables import titled, without_sound
from lookaloud.exports.text import at_most, one_line
from lookaloud.exports.timeline import Timeline, Track, timeline_of

# A format's encoder and container, as ffmpeg names them. Speech of one channel needs no more.
_ENCODERS = {
    "m4b": ("-c:a", "aac", "-b:a", "64k", "-movflags", "+faststart", "-f", "ipod"),
    "ogg": ("-c:a", "libvorbis", "-q:a", "4", "-f", "ogg"),
    "mp3": ("-c:a", "libmp3lame", "-b:a", "64k", "-f", "mp3"),
}
_LAST_OGG_CHAPTER = 999
_MAX_TITLE = 250  # bytes; the older of MP4's two kinds of chapter marks holds 255


def write_webvtt(batch: Batch) -> Export:
    """DIR/album.vtt: what is spoken, with the times of the album."""
    timeline = timeline_of(batch)
    n_cues, n_missing = _write_cues(timeline)
    path = batch.folder / "album.vtt"
    sentence = f"Captions of {counted(n_cues)}, in step with the album: {path}.{without_sound(n_missing)}"
    return Export("webvtt", path, n_cues, sentence, n_missing)


def write_album(batch: Batch) -> Export:
    """DIR/album.m4b (or .ogg, .mp3) with a chapter for each picture, and DIR/album.vtt.

    Raises:
        ExportError: there is no ffmpeg, or it failed.
        OutputError: no picture has a sound.
    """
    program = shutil.which("ffmpeg")
    if program is None:
        raise ExportError(
            "An album needs ffmpeg, and there is none; install it: apt install ffmpeg, brew install ffmpeg or "
            "winget install ffmpeg. The playlist (m3u) needs none."
        )
    timeline = timeline_of(batch)
    path = batch.folder / f"album.{batch.options.album_format}"
    with tempfile.TemporaryDirectory() as folder, replacing(path) as part:
        chapters = write_lines(Path(folder) / "chapters.txt", _chapters(timeline))
        _encode(program, timeline, chapters, part)
    n_tracks, n_missing = _write_cues(timeline)
    sentence = f"Album of {counted(n_tracks)} with chapters: {path}. Its captions: {batch.folder / 'album.vtt'}."
    return Export("album", path, n_tracks, sentence + without_sound(n_missing), n_missing)


def _write_cues(timeline: Timeline) -> tuple[int, int]:
    """Write album.vtt; how many cues it has and how many pictures have no sound."""
    n_cues = 0

    def lines() -> Iterator[str]:
        nonlocal n_cues
        yield f"WEBVTT - {_vtt_text(timeline.batch.title)}"
        for track in timeline.tracks():
            n_cues += 1
            start, end = track.seconds
            yield f"\n{n_cues}\n{clock(start)} --> {clock(end)}\n{_vtt_text(spoken(track.record))}"

    write_lines(timeline.batch.folder / "album.vtt", lines())
    return n_cues, timeline.n_silent()


def _vtt_text(text: str) -> str:
    return one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def clock(seconds: float) -> str:
    """A time as WebVTT writes it.

    >>> clock(3725.5)
    '01:02:05.500'
    """
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{milliseconds // 1000:02}.{milliseconds % 1000:03}"


def _chapters(timeline: Timeline) -> Iterator[str]:
    """The chapters as a file of ffmpeg's own kind; each goes on until the next begins."""
    yield ";FFMETADATA1"
    yield f"title={_escaped(timeline.batch.title)}"
    yield "genre=Audiobook"
    if timeline.batch.options.album_format == "ogg":
        yield from _ogg_chapters(timeline)
        return
    for track in timeline.tracks():
        end = track.start + track.n_samples + timeline.n_pause
        yield f"[CHAPTER]\nTIMEBASE=1/{timeline.sample_rate}\nSTART={track.start}\nEND={end}"
        yield f"title={_escaped(_chapter_title(track))}"


def _ogg_chapters(timeline: Timeline) -> Iterator[str]:
    """The comments that Ogg Vorbis holds chapters in (Xiph's Chapter Extension), which ffmpeg reads and does not write.

    Raises:
        ExportError: there are more than their numbers of three digits can tell apart.
    """
    for number, track in enumerate(timeline.tracks()):
        if number > _LAST_OGG_CHAPTER:
            raise ExportError("An Ogg file holds 1,000 chapters at most; choose --format m4b or mp3.")
        yield f"CHAPTER{number:03}={clock(track.seconds[0])}"
        yield f"CHAPTER{number:03}NAME={_escaped(_chapter_title(track))}"


def _chapter_title(track: Track) -> str:
    return at_most(titled(track.record), _MAX_TITLE)


def _escaped(text: str) -> str:
    return "".join(f"\\{letter}" if letter in "=;#\\\n" else letter for letter in text)


def _encode(program: str, timeline: Timeline, chapters: Path, part: Path) -> None:
    rate = str(timeline.sample_rate)
    command = [program, "-v", "error", "-y", "-f", "s16le", "-ar", rate, "-ac", "1", "-i", "pipe:0"]
    command += ["-f", "ffmetadata", "-i", str(chapters), "-map", "0:a", "-map_metadata", "1", "-map_chapters", "1"]
    command += ["-fflags", "+bitexact", "-flags:a", "+bitexact", *_ENCODERS[timeline.batch.options.album_format]]
    with tempfile.TemporaryFile() as messages:
        # ffmpeg, by the path that it was found under, with arguments of ours.
        process = subprocess.Popen([*command, str(part)], stdin=subprocess.PIPE, stderr=messages)  # noqa: S603  # nosec B603
        if process.stdin is None:
            raise ExportError("ffmpeg could not be started; run 'ffmpeg -version' to see why.")
        try:
            with process.stdin as pipe:
                for track in timeline.tracks():
                    _feed(track, timeline.n_pause, pipe)
        except BrokenPipeError:
            pass  # it has ended, and says why below
        except BaseException:
            process.kill()
            process.wait()
            raise
        if process.wait() != 0:
            messages.seek(0)
            said = " ".join(messages.read(2000).decode(errors="replace").split())[-300:]
            raise ExportError(f"ffmpeg could not write the album ({said or process.returncode}); try another --format.")


def _feed(track: Track, n_pause: int, pipe: IO[bytes]) -> None:
    """The samples of one picture, exactly as many as planned, so that no chapter is out of step."""
    import numpy as np

    from speech.audio import read_audio, resample

    audio = read_audio(track.path)
    if audio.sample_rate != track.sample_rate:
        audio = resample(audio, track.sample_rate)
    samples = np.zeros(track.n_samples + n_pause, np.int16)
    n_samples = min(track.n_samples, len(audio.samples))
    samples[:n_samples] = np.clip(np.rint(audio.samples[:n_samples] * 32768.0), -32768, 32767)
    pipe.write(samples.astype("<i2").tobytes())
