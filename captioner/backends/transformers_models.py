"""Captioners of the transformers library as a `Backend`: loading, batching, precision, memory and confidence."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import torch
from PIL import Image

from captioner.backends.network import Network
from captioner.backends.search import SearchingBackend
from captioner.backends.torch_search import TorchSearch
from captioner.beam import Hypothesis
from captioner.confidence import LogprobCalibration
from captioner.findings.caption import CaptionOptions
from captioner.hub import check_weights, network_of, read_config
from lookaloud.ground.devices import choose_device, choose_dtype


class TransformersBackend(SearchingBackend):
    """Captions pictures with a network of transformers.

    Args:
        name: what captions call it.
        network: the network.
        calibration: from `lookaloud calibrate`; without one, the confidence is the geometric mean of the probabilities
            of the tokens.
    """

    def __init__(self, name: str, network: Network, *, calibration: LogprobCalibration | None = None) -> None:
        super().__init__(calibration)
        self.name = name
        self.network = network
        self._search = TorchSearch(network)
        # Most pictures that fitted into memory at once; None as long as all did.
        self._largest: int | None = None
        # The layers remember the pictures they work on, so there is one batch at a time.
        self._lock = threading.Lock()

    @property
    def input_size(self) -> int:
        return self.network.input_size

    @property
    def batch_size(self) -> int:
        """Pictures that are worth giving at once: a GPU wants more."""
        return 8 if self.network.device.type == "cpu" else 32

    def search(self, images: Sequence[Image.Image], options: CaptionOptions) -> list[list[Hypothesis]]:
        """For each picture its best caption, then others that say something else.

        Where memory runs out, the batch is halved, then and for the pictures that follow.

        Raises:
            MemoryError: one picture is too much.
        """
        chosen: list[list[Hypothesis]] = []
        while len(chosen) < len(images):
            size = min(self._largest or len(images), len(images) - len(chosen))
            batch = images[len(chosen) : len(chosen) + size]
            found = self._try(batch, options)
            if found is not None:
                chosen += found
            elif size > 1:
                self._largest = size // 2
            else:
                raise MemoryError(
                    f"The captioner {self.name} does not fit into the memory of {self.network.device} even with one "
                    "picture; choose a smaller captioner, fewer beams, or another device."
                )
        return chosen

    def _try(self, images: Sequence[Image.Image], options: CaptionOptions) -> list[list[Hypothesis]] | None:
        """Return what `search` gives; None where memory ran out. The failed attempt's tensors are gone by then."""
        try:
            with self._lock, torch.inference_mode():
                return self._search.search(images, options)
        except torch.OutOfMemoryError:
            pass
        except RuntimeError as error:
            if "DefaultCPUAllocator" not in str(error):  # On the CPU, torch has no class of its own for it.
                raise
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return None

    def text_of(self, hypothesis: Hypothesis, options: CaptionOptions) -> str:
        """Return the words of a caption, the prompt's among them."""
        return self._search.text_of(hypothesis, options)


def load(
    name: str, folder: Path, *, device: str, dtype: str, calibration: LogprobCalibration | None = None
) -> TransformersBackend:
    """Return the backend of a folder with a model of transformers; its config.json decides which class it is.

    Raises:
        UnknownCaptionerError: the model is of no class that captions.
        WeightsError: files are missing, damaged or pickled.
        DeviceError: no such device or precision.
    """
    where = choose_device(device)
    precision = choose_dtype(dtype, where)
    module, class_name = network_of(read_config(folder), str(folder))
    check_weights(folder)
    network: type[Network] = getattr(import_module(module), class_name)
    return TransformersBackend(name, network.load(folder, device=where, dtype=precision), calibration=calibration)
