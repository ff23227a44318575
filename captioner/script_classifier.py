"""Names the script of lines from what the text reader's network makes of them, even where it recognises no letter.

The network's probabilities for letters that it does know, tiny as they are, say what a line looks like to it. A
multinomial logistic regression over their logarithms (`benchmarks/scripts.py` fits it on drawn words, and
`weights/scripts.npz` keeps it) says how likely each script is. It holds for this one network: PP-OCRv6_rec_small.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from captioner.errors import WeightsError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

SCRIPTS_FILE = Path(__file__).parent / "weights" / "scripts.npz"


@dataclass(frozen=True, eq=False)
class ScriptClassifier:
    """A fitted classifier.

    Attributes:
        names: the classes, K: scripts, and "known" for what the reader can read.
        chosen: classes of the reader's network whose probabilities are looked at, (C,).
        mean, scale: of the features, (2 C,): they are standardised first.
        weights, bias: of the regression, (2 C, K) and (K,).
    """

    names: tuple[str, ...]
    chosen: npt.NDArray[np.int64]
    mean: npt.NDArray[np.float32]
    scale: npt.NDArray[np.float32]
    weights: npt.NDArray[np.float32]
    bias: npt.NDArray[np.float32]

    @classmethod
    def load(cls, path: Path = SCRIPTS_FILE) -> ScriptClassifier:
        """Return the classifier of a file.

        Raises:
            WeightsError: the file is missing or damaged.
        """
        import numpy as np

        try:
            with np.load(path, allow_pickle=False) as stored:
                arrays = {name: stored[name].astype(np.float32) for name in ("mean", "scale", "weights", "bias")}
                names, chosen = tuple(map(str, stored["names"])), stored["chosen"].astype(np.int64)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise WeightsError(
                f"The reader's file {path} cannot be read ({error}). Install Lookaloud again."
            ) from error
        return cls(names, chosen, **arrays)

    def features(self, outputs: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Of one line, (2 C,): mean and greatest logarithms of the network's probabilities (steps, classes)."""
        import numpy as np

        logs = np.log(np.maximum(outputs[:, self.chosen], 1e-12))
        return np.concatenate([logs.mean(axis=0), logs.max(axis=0)]).astype(np.float32)

    def likely(self, features: Sequence[npt.NDArray[np.float32]], rooms: Sequence[float]) -> Mapping[str, float]:
        """Return how likely lines are in each script, taken together, the longer ones (`rooms`) counting for more."""
        import numpy as np

        standard = np.clip((np.array(features) - self.mean) / self.scale, -6.0, 6.0)
        logits = standard @ self.weights + self.bias
        logits -= logits.max(axis=1, keepdims=True)
        shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        together = np.average(shares, axis=0, weights=np.array(rooms))
        return dict(zip(self.names, map(float, together), strict=True))
