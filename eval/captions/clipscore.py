"""CLIPScore and RefCLIPScore: how well a caption fits its picture, as a network sees it.

Hessel, Holtzman, Forbes, Le Bras, Choi, "CLIPScore: A Reference-free Evaluation Metric for Image Captioning",
EMNLP 2021: CLIP ViT-B/32, the prompt "A photo depicts ", w = 2.5.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from eval.errors import EvalDataError, MismatchedItemsError, ModelError
from lookaloud.ground.extras import needing
from lookaloud.ground.hub import HubFiles

DEFAULT_CLIP = "openai/clip-vit-base-patch32"
# The repository's main branch has pickled weights only; this is its conversion to safetensors.
_REVISIONS = {DEFAULT_CLIP: "c237dc49a33fc61debc9276459120b7eac67e7ef"}
_SIZES = {DEFAULT_CLIP: "605 MB"}
PROMPT = "A photo depicts "
WEIGHT = 2.5
_BATCH = 32
_FILES = ("*.json", "*.safetensors", "*.txt")
_NAMED_AT_MOST = 5
_Item = TypeVar("_Item")

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class ClipOptions:
    """Which CLIP, and how it is run.

    Attributes:
        model: a model of the Hugging Face hub, "owner/name" or "owner/name@revision", or a folder; with safetensors.
        device: "auto" (a GPU if there is one), "cpu", "cuda" or "mps".
        local_only: download nothing.
        progress: show a progress bar on standard error, if that is a terminal.
    """

    model: str = DEFAULT_CLIP
    device: str = "auto"
    local_only: bool = False
    progress: bool = False

    @property
    def label(self) -> str:
        """The model and its revision, for signatures; of a folder, its name."""
        if Path(self.model).is_dir():
            return Path(self.model).resolve().name
        repo, revision = self._source()
        return f"{repo}@{revision[:7]}"

    def _source(self) -> tuple[str, str]:
        repo, _, revision = self.model.partition("@")
        return repo, revision or _REVISIONS.get(repo, "main")

    def folder(self) -> str:
        """Return the folder with the model's files, downloaded if they are not here.

        Raises:
            ModelError: they are not here, and cannot or may not be downloaded.
        """
        if Path(self.model).is_dir():
            return self.model
        repo, revision = self._source()
        try:
            return str(HubFiles(repo, revision, _FILES).snapshot(revision, local_only=self.local_only))
        # Every way in which a network can fail has a class of its own, in three libraries.
        except Exception as error:
            reason = str(error).partition("\n")[0]
            size = f" ({_SIZES[repo]})" if repo in _SIZES else ""
            may = "may not" if self.local_only else "could not"
            raise ModelError(
                f"CLIP {self.model}{size} is not on this computer and {may} be downloaded ({reason}); "
                "check the name and the network, or give a folder with its files."
            ) from error


@dataclass(frozen=True, eq=False)
class ClipSimilarities:
    """What CLIP says of captions, as cosines in [-1, 1].

    Attributes:
        to_picture: of each caption and its picture, shape (n_items,).
        to_reference: of each caption and the most similar of its references, shape (n_items,); None without references.
        empty: which captions have no word, shape (n_items,), bool.
    """

    to_picture: Floats
    to_reference: Floats | None
    empty: NDArray[np.bool_] = field(repr=False)

    def clip_score(self) -> Floats:
        """Return 2.5 max(cos(caption, picture), 0), shape (n_items,), in [0, 2.5]; 0 for a caption without a word."""
        # CLIP finds that the prompt alone fits every picture a little.
        return np.where(self.empty, 0.0, WEIGHT * np.maximum(self.to_picture, 0.0))

    def ref_clip_score(self) -> Floats:
        """Return the harmonic mean of CLIPScore and max(cos(caption, best reference), 0), shape (n_items,).

        Raises:
            ValueError: there were no references.
        """
        if self.to_reference is None:
            raise ValueError("RefCLIPScore needs references, and none were given.")
        clip = self.clip_score()
        reference = np.where(self.empty, 0.0, np.maximum(self.to_reference, 0.0))
        total = clip + reference
        return np.divide(2 * clip * reference, total, out=np.zeros_like(total), where=total > 0)


def clip_similarities(
    captions: Mapping[str, str],
    images: Mapping[str, Any],
    references: Mapping[str, Sequence[str]] | None = None,
    *,
    options: ClipOptions = ClipOptions(),
) -> ClipSimilarities:
    """Return what CLIP says of each caption.

    Captions and references stand behind "A photo depicts " as they were written, not cut into words; what is longer
    than CLIP reads (77 pieces) is cut by it. Pictures are turned upright, and resized and cropped to their middle by
    the model's own processor. Computed in float32.

    Args:
        captions: id -> caption.
        images: id -> path of the picture, for each caption.
        references: id -> captions by people; None if only CLIPScore is wanted.
        options: which CLIP, and how it is run.

    Raises:
        MismatchedItemsError: a caption has no picture.
        EvalDataError: a picture cannot be opened; the message has the id.
        ModelError: CLIP cannot be downloaded or loaded.
        MissingExtraError: the [models] extra is not installed.

    Example:
        >>> clip_similarities({"1": "a dog"}, {"1": "dog.jpg"}).clip_score()  # doctest: +SKIP
        array([0.78])
    """
    without = [name for name in captions if images.get(name) is None]
    if without:
        more = f" and {len(without) - _NAMED_AT_MOST} more" if len(without) > _NAMED_AT_MOST else ""
        raise MismatchedItemsError(
            f"{len(without)} caption(s) have no picture ({', '.join(map(repr, without[:_NAMED_AT_MOST]))}{more}); "
            "CLIPScore looks at each."
        )
    with needing("CLIPScore", extra="models"):
        import torch  # noqa: F401 - what the next one needs, which may have been imported before

        from lookaloud.ground.devices import choose_device
    network = _load(options.folder(), str(choose_device(options.device)))
    pictures = network.pictures(_batches(list(captions), options.progress, "Looking at pictures"), images)
    texts = [captions[name] for name in captions]
    of_captions = network.texts(_batches(texts, options.progress, "Reading captions"))
    to_reference = None
    if references is not None:
        flat = [(i, text) for i, name in enumerate(captions) for text in references[name]]
        rows = np.array([i for i, _ in flat])
        of_references = network.texts(_batches([text for _, text in flat], options.progress, "Reading references"))
        to_reference = np.full(len(texts), -1.0)
        np.maximum.at(to_reference, rows, (of_captions[rows] * of_references).sum(axis=1))
    empty = np.array([not any(letter.isalnum() for letter in text) for text in texts])
    return ClipSimilarities((of_captions * pictures).sum(axis=1), to_reference, empty)


class _ClipNetwork:
    def __init__(self, model: Any, processor: Any, device: str) -> None:
        self._model, self._processor, self._device = model, processor, device
        length = model.config.text_config.max_position_embeddings
        self._cut = {"padding": True, "truncation": True, "max_length": length, "return_tensors": "pt"}

    def pictures(self, batches: Iterable[list[str]], images: Mapping[str, Any]) -> Floats:
        return self._directions(
            self._model.get_image_features,
            (
                self._processor(images=[_open(name, images[name]) for name in names], return_tensors="pt")
                for names in batches
            ),
        )

    def texts(self, batches: Iterable[list[str]]) -> Floats:
        return self._directions(
            self._model.get_text_features,
            (self._processor(text=[PROMPT + text for text in texts], **self._cut) for texts in batches),
        )

    def _directions(self, features: Any, batches: Iterable[Any]) -> Floats:
        import torch

        rows = []
        for batch in batches:
            with torch.inference_mode():
                found = features(**batch.to(self._device))
            # Before transformers 5 these were tensors.
            vectors = getattr(found, "pooler_output", found).float().cpu().numpy().astype(np.float64)
            rows.append(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
        return np.concatenate(rows)


@lru_cache(maxsize=1)
def _load(folder: str, device: str) -> _ClipNetwork:
    with needing("CLIPScore", extra="models"):
        from transformers import CLIPModel, CLIPProcessor
    try:
        # A folder of this computer: there is no revision to pin, and nothing is downloaded.
        model: Any = CLIPModel.from_pretrained(folder, use_safetensors=True, local_files_only=True)  # nosec B615
        processor = CLIPProcessor.from_pretrained(folder, local_files_only=True)  # nosec B615
        return _ClipNetwork(model.to(device).eval(), processor, device)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        reason = str(error).partition("\n")[0]
        raise ModelError(
            f"CLIP cannot be loaded from {folder} ({reason}); it needs a CLIPModel in safetensors."
        ) from error


def _open(name: str, path: Any) -> Any:
    from captioner.picture import ImageError, open_image

    try:
        return open_image(path)
    except ImageError as error:
        raise EvalDataError(f"The picture of {name!r} cannot be opened: {error}") from error


def _batches(items: Sequence[_Item], progress: bool, what: str) -> Iterable[list[_Item]]:
    from tqdm import tqdm

    # None: only on a terminal.
    with tqdm(total=len(items), desc=what, disable=None if progress else True) as bar:
        for start in range(0, len(items), _BATCH):
            yield list(items[start : start + _BATCH])
            bar.update(min(_BATCH, len(items) - start))
