"""Reads the text in a picture: signs, labels and pages, line by line, in the order in which a person would read them.

The work is rapidocr's (the `[ocr]` extra): its PP-OCRv6 networks come with the package and run on onnxruntime, which is
here already, so nothing is downloaded and torch is not needed. What is ours is what is left out and in which order the
rest is read.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from captioner import scripts, strips
from captioner.errors import CaptionerError, ReadingError, WeightsError
from captioner.picture.view import MAX_READING_SIDE, reading_scale
from captioner.reading_models import ReadingModel, fetched, reading_model
from captioner.script_classifier import ScriptClassifier
from captioner.strips import Corners
from lookaloud.ground.errors import MissingExtraError
from lookaloud.ground.extras import missing_packages, require

if TYPE_CHECKING:
    from PIL.Image import Image, Transpose

MIN_SCORE = 0.8
"""Least score of a line that is read aloud. In photographs, texture taken for letters mostly stays below it."""

MIN_SHORT_SCORE = 0.9
"""The same for one to three letters or digits, which chance makes far more often."""

# Where text is looked for, the longer side is reduced to this; the letters themselves are read at full size. It halves
# the time of a large picture, and a line that is found at MAX_READING_SIDE is still found.
_FIND_SIDE = 1280
_SMALL_SIDE = 640  # What is smaller is enlarged, twice at most: in thumbnails that finds a third more signs.
_TURN_SHARE = 0.75  # Of the letters, so many have to lie on their side or head before a page is turned.
_READ_WELL = 0.9
_REC_SHAPE = 320 / 48  # Width over height of the narrowest crop that the recogniser is given.
_TALL = 1.5  # A box so much higher than wide is turned by rapidocr before it is read.
_LEAST_SIDE = 8  # Lower than any letter that can be read.
_TURNED_SCORE = 0.9  # How sure rapidocr's classifier has to be that a line stands on its head.
_MODELS = {
    "Det": "PP-OCRv6_det_small.onnx",
    "Rec": "PP-OCRv6_rec_small.onnx",
    "Cls": "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
}


@dataclass(frozen=True)
class TextLine:
    """One line of text in a picture.

    Attributes:
        text: the words, on one line and without spaces around them.
        score: how sure the reader is of them, in [0, 1].
        box: left, top, right and bottom in pixels of the upright picture; of slanted text, the box around it. Of a
            page on its side or head: in the page as it was turned for reading.
    """

    text: str
    score: float
    box: tuple[int, int, int, int]


@dataclass(frozen=True)
class Reading:
    """What there is to read in a picture.

    Attributes:
        lines: the lines that were read, in reading order.
        unread: whether there is also writing in letters that the reader does not know.
        script: what those letters are, one of `captioner.scripts.SCRIPTS`; None if that is not sure.
        size: width and height in pixels of the picture that the lines' boxes are in.
    """

    name: ClassVar[str] = "text"

    lines: tuple[TextLine, ...] = ()
    unread: bool = False
    script: str | None = None
    size: tuple[int, int] = (1, 1)

    def to_json(self) -> dict[str, Any]:
        """Return the lines as JSON has them, and the script of what cannot be read."""
        return {"lines": [asdict(line) for line in self.lines], "unread": self.unread, "script": self.script}


class TextEngine(Protocol):
    """The one seam between `TextReader` and a network that finds and reads text; several threads may ask it at once."""

    def find(self, image: Image) -> Sequence[tuple[str, float, Corners]]:
        """Text, score in [0, 1] and corners of every line in an upright RGB picture, in any order, junk included.

        Where something is written and nothing of it was recognised, the text is "" and the score says how sure it is
        that something is written.
        """
        ...


class TextReader:
    """Reads the text in pictures; get one from `load_text_reader`.

    Reading costs time: beside other work on two cores of an AMD EPYC 0.2 s for a 640 x 480 photograph and 0.6 s for one
    of 1600 x 1200, text or none, and 0.06 s more for each line that is found: 5 s for a page of 80 lines.

    Args:
        engine: the network that finds the lines.
        knows_all: whether whatever is found is in letters that the engine knows: it was chosen for them.
    """

    def __init__(self, engine: TextEngine, *, knows_all: bool = False) -> None:
        self.engine = engine
        self.knows_all = knows_all

    def read(self, image: Image) -> tuple[TextLine, ...]:
        """Return the lines of text in an upright RGB picture, in reading order; () if there are none.

        Columns are read one after the other, tables and lines on the same height from left to right, and everything
        from top to bottom; slanted text is read, and a page on its side or its head is turned first. Left out are
        lines of a low score (`MIN_SCORE`, `MIN_SHORT_SCORE`), what does not look written (single characters and rows of
        one sign), and what only looks like letters that the reader knows; see `read_all`.

        Open the picture with `open_image(source, reading_side=MAX_READING_SIDE)`: then long ones are still legible.

        Raises:
            ReadingError: the reader failed; the picture can still be described.

        >>> from PIL import Image
        >>> load_text_reader().read(Image.open("sign.png").convert("RGB"))[0].text  # doctest: +SKIP
        'Main Street'
        """
        return self.read_all(image).lines

    def read_all(self, image: Image) -> Reading:
        """Return the lines, as from `read`, and whether there is writing in letters that the reader does not know.

        Raises:
            ReadingError: the reader failed; the picture can still be described.
        """
        scale = _scale(image.size)
        fitted = image
        if scale != 1:
            size = (round(image.width * scale), round(image.height * scale))
            fitted = image.resize((max(1, size[0]), max(1, size[1])), reducing_gap=2.0)
        if min(fitted.size) < _LEAST_SIDE:
            return Reading(size=image.size)
        found = self._find(fitted)
        turn = _turn(found)
        if turn is not None:
            turned = fitted.transpose(turn)
            found_there = self._find(turned)
            # An upright page must never be turned: the turned one has to read at least as well.
            if _legible(found_there) >= 0.95 * _legible(found):
                fitted, found = turned, found_there
        judged = scripts.Judgement(tuple(found)) if self.knows_all else scripts.judged(found, self._namer(fitted))
        kept = [_Found(line.text, line.score, line.corners) for line in judged.known if _is_text(line.text, line.score)]
        lines = tuple(line.as_line(fitted.size, scale) for line in _in_reading_order(kept))
        return Reading(lines, judged.unread, judged.script, image.size)

    def _namer(self, image: Image) -> scripts.Namer | None:
        if not isinstance(self.engine, _RapidEngine) or self.engine.script_classifier is None:
            return None  # Only this one network says what unknown letters look like to it.
        return partial(self.engine.scripts_of, image)

    def _find(self, image: Image) -> list[strips.Piece]:
        """Return every line in the picture, strip by strip."""
        whole: list[strips.Piece] = []
        for strip in strips.strips(image.size, MAX_READING_SIDE):
            ends = (strip.start, 0, strip.end, image.height)
            if image.height > image.width:
                ends = (0, strip.start, image.width, strip.end)
            part = image if strip.end - strip.start == max(image.size) else image.crop(ends)
            try:
                found = self.engine.find(part)
            except CaptionerError:
                raise
            except Exception as error:
                raise ReadingError(f"the text reader failed ({type(error).__name__}); the text was not read") from error
            tidy = ((" ".join(text.split()), score, corners) for text, score, corners in found)
            whole = strips.merged(whole, strips.placed(tidy, strip, image.size), image.size)
        return whole


def _scale(size: tuple[int, int]) -> float:
    """Return how much a picture is enlarged or reduced to be read."""
    return reading_scale(size, MAX_READING_SIDE) * max(1.0, min(2.0, _SMALL_SIDE / max(size)))


def _turn(found: Sequence[strips.Piece]) -> Transpose | None:
    """Return what turns the page so that its lines run from left to right; None if they do."""
    from PIL.Image import Transpose

    lengths = [0, 0, 0, 0]
    n_lines = [0, 0, 0, 0]
    for line in found:
        if _is_text(line.text, line.score):
            (x0, y0), (x1, y1) = line.corners[:2]
            quarter = round(math.atan2(y1 - y0, x1 - x0) / (math.pi / 2)) % 4
            lengths[quarter] += len(line.text)
            n_lines[quarter] += 1
    most = lengths.index(max(lengths))
    if most == 0 or n_lines[most] < 2 or lengths[most] < _TURN_SHARE * sum(lengths):
        return None
    return (None, Transpose.ROTATE_90, Transpose.ROTATE_180, Transpose.ROTATE_270)[most]


def _legible(found: Sequence[strips.Piece]) -> float:
    return sum(line.score * len(line.text) for line in found if _is_text(line.text, line.score))


def reader_installed() -> bool:
    """Return whether `load_text_reader` has the package that it needs."""
    return not missing_packages(["rapidocr"])


def load_text_reader(
    *, n_threads: int | None = None, language: str | None = None, local_only: bool = False
) -> TextReader:
    """Return a reader of the text in pictures, ready to use; loading takes about a second.

    Args:
        n_threads: that share the work of one picture; None for one a core. Two take little less time for a photograph
            than one, and nearly twice the work: where several pictures are read at once, give 1.
        language: read this one with a network of its own, by a name of `captioner.reading_models.reading_languages`
            such as "korean"; it is downloaded the first time. None for the one that comes with rapidocr.
        local_only: download nothing.

    Raises:
        MissingExtraError: rapidocr is not installed; the message has the pip line.
        WeightsError: the networks that come with rapidocr are missing, or the one for `language` is unknown, damaged
            or cannot be downloaded. Without `language`, nothing is ever downloaded.
        ReadingError: rapidocr is here but cannot be loaded.
    """
    if not reader_installed():  # one that is broken is a ReadingError
        require("Reading the text in pictures", ["rapidocr"], extra="ocr")
    if language is None:
        return TextReader(_RapidEngine(n_threads))
    model = reading_model(language)
    return TextReader(_RapidEngine(n_threads, model, fetched(model, local_only=local_only)), knows_all=True)


class _RapidEngine:
    def __init__(self, n_threads: int | None, model: ReadingModel | None = None, file: Path | None = None) -> None:
        try:
            self._ocr = _rapidocr(n_threads) if model is None else _rapidocr(n_threads, _params_of(model, file))
            self._to_original: Any = importlib.import_module("rapidocr.utils.process_img").map_boxes_to_original
            self._crop: Any = importlib.import_module("rapidocr.utils.process_img").get_rotate_crop_image
        except (CaptionerError, MissingExtraError):
            raise
        except Exception as error:
            raise ReadingError(
                f"the text reader could not be loaded ({type(error).__name__}: {error}); "
                "run: pip install --force-reinstall rapidocr, or describe without it: --no-read-text"
            ) from error

        self.script_classifier = ScriptClassifier.load() if model is None else None

    def scripts_of(self, image: Image, lines: Sequence[strips.Piece]) -> Mapping[str, float]:
        """Return how likely those lines are in each script; see `captioner.scripts.Namer`."""
        import numpy as np

        if self.script_classifier is None:
            return {}
        pixels = np.ascontiguousarray(np.asarray(image)[:, :, ::-1])
        recogniser = self._ocr.text_rec
        features, rooms = [], []
        for line in lines:
            crop = self._crop(pixels, np.array(line.corners, dtype=np.float32))
            height, width = crop.shape[:2]
            shape = max(_REC_SHAPE, width / height)
            outputs = recogniser.session(recogniser.resize_norm_img(crop, shape)[None].astype(np.float32))[0]
            used = max(1, math.ceil(len(outputs) * width / height / shape))
            features.append(self.script_classifier.features(outputs[:used]))
            rooms.append(width / height)
        return self.script_classifier.likely(features, rooms)

    def find(self, image: Image) -> Sequence[tuple[str, float, Corners]]:
        import numpy as np

        pixels = np.asarray(image)[:, :, ::-1]  # It wants blue, green, red.
        # Its steps one by one, because its result does not say which lines its classifier turned.
        ready, record = self._ocr.preprocess_img(pixels)
        boxes, classes, texts, crops = self._ocr.run_ocr_steps(ready, record)
        if boxes.boxes is None or texts.txts is None:
            return []
        corners = self._to_original(boxes.boxes, record, image.height, image.width)
        turned = [label == "180" and score > _TURNED_SCORE for label, score in classes.cls_res]
        lines = list(zip(texts.txts, map(float, texts.scores), turned, strict=True))
        self._undo_wrong_turns(lines, crops)
        return [
            (text, float(score if text.strip() else there), _from_first_letter(box, on_head=on_head))
            for (text, score, on_head), there, box in zip(lines, boxes.scores, corners, strict=True)
        ]

    def _undo_wrong_turns(self, lines: list[tuple[str, float, bool]], crops: Sequence[Any]) -> None:
        """Read lines again as they stood that were turned and made no sense: long ones are often taken to be on their
        heads, because rapidocr's classifier sees them squeezed."""
        doubtful = [number for number, (_, score, turned) in enumerate(lines) if turned and score < _READ_WELL]
        if not doubtful:
            return
        again = self._ocr.recognize_txt([crops[number] for number in doubtful])
        for number, text, score in zip(doubtful, again.txts, again.scores, strict=True):
            if text.strip() and score > lines[number][1]:
                lines[number] = (text, float(score), False)


def _from_first_letter(box: Any, *, on_head: bool) -> Corners:
    """Corners that begin at the first letter, of a box that begins at the left top."""
    corners = [(float(x), float(y)) for x, y in box]
    width = max(math.dist(corners[0], corners[1]), math.dist(corners[2], corners[3]))
    height = max(math.dist(corners[0], corners[3]), math.dist(corners[1], corners[2]))
    first = 1 if height >= _TALL * width else 0  # rapidocr reads a tall box from the top down.
    first += 2 * on_head
    one, two, three, four = (corners[(first + number) % 4] for number in range(4))
    return one, two, three, four


def _params_of(model: ReadingModel, file: Path | None) -> dict[str, object]:
    kinds: Any = importlib.import_module("rapidocr.utils.typings")
    if model.language == "arabic" and missing_packages(["bidi"]):
        raise MissingExtraError('Arabic needs python-bidi, which is not here; run: pip install "rapidocr[rtl]".')
    return {
        "Rec.model_path": str(file),
        "Rec.lang_type": kinds.LangRec(model.language),
        "Rec.ocr_version": kinds.OCRVersion[model.version],
        "Rec.model_type": kinds.ModelType.MOBILE,
    }


def _rapidocr(n_threads: int | None, other: Mapping[str, object] | None = None) -> Any:
    """rapidocr's engine with the networks of its own package, all loaded."""
    rapidocr: Any = importlib.import_module("rapidocr")
    folder = Path(rapidocr.__file__).parent / "models"
    missing = [name for name in _MODELS.values() if not (folder / name).is_file()]
    if missing:
        raise WeightsError(
            f"The text reader's file {missing[0]} is not in {folder}, where rapidocr brings it; "
            "run: pip install --force-reinstall --no-deps rapidocr."
        )
    # A named file is loaded as it is; without a name, rapidocr would download what it does not find.
    params: dict[str, object] = {f"{stage}.model_path": str(folder / name) for stage, name in _MODELS.items()}
    params |= {
        "Global.log_level": "critical",  # It reports every step to the terminal otherwise.
        "Global.text_score": 0.0,  # What is good enough is decided here, once.
        "Global.max_side_len": MAX_READING_SIDE + 32,  # It rounds sizes to 32; the picture is small enough already.
        "Cls.cls_thresh": _TURNED_SCORE,
        "Det.limit_type": "max",
        "Det.limit_side_len": _FIND_SIDE,
        "EngineConfig.onnxruntime.intra_op_num_threads": n_threads or -1,
    }
    ocr = rapidocr.RapidOCR(params=params | dict(other or {}))
    for load in (ocr._load_det_model, ocr._load_cls_model, ocr._load_rec_model):
        load()  # Now and not with the first picture, which would seem slow.
    return ocr


def _is_text(text: str, score: float) -> bool:
    """Return whether a line is sure enough and looks written: two letters or digits, not one sign again and again."""
    signs = [letter for letter in text.casefold() if letter.isalnum()]
    if len(signs) < 2 or 2 * len(signs) < len("".join(text.split())):
        return False
    if len(signs) > 2 and len(set(signs)) == 1:
        return False
    return score >= (MIN_SHORT_SCORE if len(signs) <= 3 else MIN_SCORE)


class _Found:
    """A line on its way through the filter and into its place."""

    def __init__(self, text: str, score: float, corners: Corners) -> None:
        self.text = text
        self.score = score
        self.corners = corners
        self.length = (math.dist(corners[0], corners[1]) + math.dist(corners[3], corners[2])) / 2
        self.height = max(1.0, (math.dist(corners[0], corners[3]) + math.dist(corners[1], corners[2])) / 2)
        self.place(0.0)

    def place(self, slope: float) -> None:
        """Put the line where it would be if the page were turned back by `slope` radians."""
        cos, sin = math.cos(slope), math.sin(slope)
        xs = [x * cos + y * sin for x, y in self.corners]
        ys = [y * cos - x * sin for x, y in self.corners]
        self.left, self.right = min(xs), max(xs)
        self.middle = sum(ys) / 4

    @property
    def slope(self) -> float:
        (x0, y0), (x1, y1) = self.corners[:2]
        return math.atan2(y1 - y0, x1 - x0)

    def as_line(self, size: tuple[int, int], scale: float) -> TextLine:
        """Return the line with its box in a picture that was enlarged by `scale` to that size."""
        width, height = (round(side / scale) for side in size)
        xs, ys = zip(*self.corners, strict=True)
        left, top = max(0, math.floor(min(xs) / scale)), max(0, math.floor(min(ys) / scale))
        right = min(width, math.ceil(max(xs) / scale))
        bottom = min(height, math.ceil(max(ys) / scale))
        return TextLine(self.text, self.score, (left, top, right, bottom))


def _in_reading_order(lines: Sequence[_Found]) -> list[_Found]:
    slopes = [line.slope for line in lines if line.length > 2 * line.height and abs(line.slope) < math.pi / 4]
    slope = median(slopes) if slopes else 0.0
    for line in lines:
        line.place(slope)
    return _ordered(_rows(lines))


def _rows(lines: Sequence[_Found]) -> list[list[_Found]]:
    """Return lines on the same height together, from left to right; the rows from top to bottom."""
    rows: list[list[_Found]] = []
    for line in sorted(lines, key=lambda line: line.middle):
        if rows and line.middle - rows[-1][0].middle < min(line.height, rows[-1][0].height) / 2:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: line.left) for row in rows]


def _ordered(rows: Sequence[Sequence[_Found]]) -> list[_Found]:
    """Row by row, but where rows stand in columns, column by column: a heading over two columns comes before both."""
    ordered: list[_Found] = []
    first = 0
    while first < len(rows):
        for end in _ends_of_columns(rows, first):
            if columns := _columns([line for row in rows[first:end] for line in row]):
                for column in columns:
                    ordered += _ordered(_rows(column))
                first = end
                break
        else:
            ordered += rows[first]
            first += 1
    return ordered


def _ends_of_columns(rows: Sequence[Sequence[_Found]], first: int) -> list[int]:
    """Where columns that begin in row `first` could end, the farthest first: all rows before leave a strip empty."""
    ends: list[int] = []
    spans: list[tuple[float, float]] = []  # What the rows cover from left to right.
    for end in range(first + 1, len(rows) + 1):
        for line in rows[end - 1]:
            touched = [span for span in spans if span[0] <= line.right and span[1] >= line.left]
            spans = [span for span in spans if span not in touched]
            spans.append((min([line.left, *(s[0] for s in touched)]), max([line.right, *(s[1] for s in touched)])))
        if end > first + 1 and len(spans) > 1:
            ends.append(end)
    return ends[::-1]


def _columns(lines: Sequence[_Found]) -> tuple[list[_Found], list[_Found]] | None:
    """Return the lines left and right of an empty strip from top to bottom, where the two sides are columns."""
    gap = median(line.height for line in lines)
    by_left = sorted(lines, key=lambda line: line.left)
    reach = by_left[0].right
    for number, line in enumerate(by_left):
        sides = by_left[:number], by_left[number:]
        if line.left - reach >= gap and min(map(len, sides)) >= 2 and _are_columns(*sides):
            return sides
        reach = max(reach, line.right)
    return None


def _are_columns(left: Sequence[_Found], right: Sequence[_Found]) -> bool:
    """Running text is read down its column, and so are two boards; a table or a price list is read across."""
    if min(median(len(line.text.split()) for line in side) for side in (left, right)) >= 3:
        return True
    fewer, more = sorted((left, right), key=len)
    level = sum(any(abs(a.middle - b.middle) < 0.3 * min(a.height, b.height) for b in more) for a in fewer)
    return level < len(fewer) / 2


def paragraphs(lines: Sequence[TextLine]) -> list[list[TextLine]]:
    """Return lines in reading order, those that belong together in one list: the lines of a sign, or of a paragraph.

    >>> lines = [TextLine(text, 0.9, (0, y, 80, y + 10)) for text, y in (("Main", 0), ("Street", 12), ("Bar", 90))]
    >>> [[line.text for line in together] for together in paragraphs(lines)]
    [['Main', 'Street'], ['Bar']]
    """
    together: list[list[TextLine]] = []
    usual = _usual_gap(lines)
    for line in lines:
        if together and _belong_together(together[-1][-1], line, usual):
            together[-1].append(line)
        else:
            together.append([line])
    return together


def _usual_gap(lines: Sequence[TextLine]) -> float:
    """Return the usual space between two lines, in line heights; 0.0 if there are too few lines to tell."""
    gaps = [
        (below.box[1] - above.box[3]) / _height(above)
        for above, below in pairwise(lines)
        if below.box[1] > above.box[1] and _overlap(above.box[0::2], below.box[0::2]) > 0
    ]
    return median(gaps) if len(gaps) >= 4 else 0.0


def _belong_together(above: TextLine, below: TextLine, usual_gap: float) -> bool:
    heights = _height(above), _height(below)
    if max(heights) > 2 * min(heights):
        return False
    if _overlap(above.box[1::2], below.box[1::2]) > 0.6 * min(heights):  # On the same height, one beside the other.
        return below.box[0] - above.box[2] < 2 * min(heights)
    if _overlap(above.box[0::2], below.box[0::2]) <= 0:
        return False
    most = min(max(0.8, 1.6 * usual_gap), 2.0)
    return -0.6 * min(heights) <= below.box[1] - above.box[3] <= most * min(heights)


def _height(line: TextLine) -> int:
    return max(1, line.box[3] - line.box[1])


def _overlap(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    return min(one[1], other[1]) - max(one[0], other[0])
