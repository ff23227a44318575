"""All sounds in one file with a chapter for each picture, and captions in step with it."""

from __future__ import annotations

import shutil
import subprocess  # programs as lists, never a shell  # nosec B404
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from lookaloud.errors import ExportError
from lookaloud.exports.export import Batch, Export, counted, spoken
from lookaloud.exports.id3 import Chapter, id3_tag
from lookaloud.exports.tables import titled
from lookaloud.exports.text import at_most, one_line
from lookaloud.exports.timeline import Timeline, Track, timeline_of
from lookaloud.ground.files import replacing, write_lines, writing

# A format's encoder and container, as ffmpeg names them. Speech of one channel needs no more.
_ENCODERS = {
    "m4b": ("-c:a", "aac", "-b:a", "64k", "-movflags", "+faststart", "-f", "ipod"),
    "ogg": ("-c:a", "libvorbis", "-q:a", "4", "-f", "ogg"),
    "mp3": ("-c:a", "libmp3lame", "-b:a", "64k", "-f", "mp3"),
}
# Samples of one channel come through the pipe; the same samples give the same file.
_INPUT = ("-v", "error", "-y", "-f", "s16le", "-ac", "1")
_EXACT = ("-fflags", "+bitexact", "-flags:a", "+bitexact")
_LAST_OGG_CHAPTER = 999
_MOST_OLD_MARKS = 255
_MAX_TITLE = 250  # bytes; the older of MP4's two kinds of chapter marks holds 255


def write_webvtt(batch: Batch) -> Export:
    """DIR/album.vtt: what is spoken, with the times of the album."""
    timeline = timeline_of(batch)
    n_cues = _write_cues(timeline)
    path = batch.folder / "album.vtt"
    return timeline.left.export(
        "webvtt", path, n_cues, f"Captions of {counted(n_cues)}, in step with the album: {path}."
    )


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
    write = _write_mp3 if batch.options.album_format == "mp3" else _write_other
    with tempfile.TemporaryDirectory(prefix=".lookaloud-", dir=batch.folder) as work:
        write(program, timeline, path, Path(work))
    n_tracks = _write_cues(timeline)
    sentence = f"Album of {counted(n_tracks)} with chapters: {path}. Its captions: {batch.folder / 'album.vtt'}."
    return timeline.left.export("album", path, n_tracks, sentence)


def _write_other(program: str, timeline: Timeline, path: Path, work: Path) -> None:
    """Write the album with chapters that ffmpeg writes."""
    encoder = list(_ENCODERS[timeline.batch.options.album_format])
    if len(timeline.sizes) > _MOST_OLD_MARKS:
        # MP4's older marks hold the first 255 only, and players that find them look at no others.
        encoder = [f"{word}+disable_chpl" if word == "+faststart" else word for word in encoder]
    chapters = write_lines(work / "chapters.txt", _chapters(timeline))
    described = ["-f", "ffmetadata", "-i", str(chapters), "-map", "0:a", "-map_metadata", "1", "-map_chapters", "1"]
    with replacing(path) as part:
        _encode([program, *_INPUT], timeline, [*described, *_EXACT, *encoder, str(part)])


def _write_mp3(program: str, timeline: Timeline, path: Path, work: Path) -> None:
    """Write the album with chapters of our own: ffmpeg counts them in one byte."""
    sound = work / "sound.mp3"
    tag = id3_tag(timeline.batch.title, _id3_chapters(timeline))
    no_tags = ["-id3v2_version", "0", "-write_id3v1", "0"]
    _encode([program, *_INPUT], timeline, [*_EXACT, *_ENCODERS["mp3"], *no_tags, str(sound)])
    with writing(path) as file, open(sound, "rb") as encoded:
        file.write(tag)
        shutil.copyfileobj(encoded, file)


def _write_cues(timeline: Timeline) -> int:
    """Write album.vtt; how many cues it has."""
    n_cues = 0

    def lines() -> Iterator[str]:
        nonlocal n_cues
        yield f"WEBVTT - {_vtt_text(timeline.batch.title)}"
        for track in timeline.tracks():
            n_cues += 1
            start, end = track.seconds
            yield f"\n{n_cues}\n{clock(start)} --> {clock(end)}\n{_vtt_text(spoken(track.record))}"

    write_lines(timeline.batch.folder / "album.vtt", lines())
    return n_cues


def _vtt_text(text: str) -> str:
    return one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def clock(seconds: float) -> str:
    """Return a time as WebVTT writes it.

    >>> clock(3725.5)
    '01:02:05.500'
    """
    milliseconds = round(seconds * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{milliseconds // 1000:02}.{milliseconds % 1000:03}"


def _chapters(timeline: Timeline) -> Iterator[str]:
    """Yield the chapters as a file of ffmpeg's own kind; each goes on until the next begins."""
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


def _id3_chapters(timeline: Timeline) -> Iterator[Chapter]:
    for track in timeline.tracks():
        start = track.start / timeline.sample_rate
        n_samples = track.n_samples + timeline.n_pause  # it goes on until the next begins
        yield Chapter(_chapter_title(track), (start, start + n_samples / timeline.sample_rate))


def _chapter_title(track: Track) -> str:
    return at_most(titled(track.record), _MAX_TITLE)


def _escaped(text: str) -> str:
    return "".join(f"\\{letter}" if letter in "=;#\\\n" else letter for letter in text)


def _encode(start: Sequence[str], timeline: Timeline, end: Sequence[str]) -> None:
    """Let ffmpeg encode the sounds; its command is `start`, how the samples come, and `end`."""
    samples_come = ["-ar", str(timeline.sample_rate), "-i", "pipe:0"]
    with tempfile.TemporaryFile() as messages:
        # ffmpeg, by the path that it was found under, with arguments of ours.
        process = subprocess.Popen([*start, *samples_come, *end], stdin=subprocess.PIPE, stderr=messages)  # noqa: S603  # nosec B603
        if process.stdin is None:
            raise ExportError("ffmpeg could not be started; run 'ffmpeg -version' to see why.")
        try:
            with process.stdin as pipe:
                for track in timeline.tracks():
                    pipe.write(_samples(track, timeline))
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


def _samples(track: Track, timeline: Timeline) -> bytes:
    """Return the samples of one picture, exactly as many as planned, so that no chapter is out of step.

    A sound that cannot be read to its end is silence, and its picture is named among those that are left out.
    """
    import numpy as np

    from speech.audio import read_audio, resample

    samples = np.zeros(track.n_samples + timeline.n_pause, np.int16)
    with timeline.left.around(track.record):
        audio = read_audio(track.path)
        if audio.sample_rate != track.sample_rate:
            audio = resample(audio, track.sample_rate)
        n_samples = min(track.n_samples, len(audio.samples))
        samples[:n_samples] = np.clip(np.rint(audio.samples[:n_samples] * 32768.0), -32768, 32767)
    return samples.astype("<i2").tobytes()
