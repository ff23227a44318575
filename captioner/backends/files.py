"""Opens what the captioners that run without torch are made of: graphs of onnxruntime and vocabularies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from captioner.errors import WeightsError

if TYPE_CHECKING:
    import onnxruntime
    from tokenizers import Tokenizer


def open_session(path: Path, *, n_threads: int, ending: str, spin: bool = False) -> onnxruntime.InferenceSession:
    """Return the graph in a file, ready to run on that many threads of the CPU.

    With `spin` a thread that waits for another one in the midst of a run keeps its core: it is woken sooner, and a
    core that has to be woken costs more than one that waits so short a time.

    Raises:
        WeightsError: the file is missing or damaged; `ending` ends the message, with what to do.
    """
    import onnxruntime

    if not path.is_file():
        raise WeightsError(f"The captioner's file {path} is missing{ending}")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = n_threads
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(spin)))
    # After a run the cores are the voice's.
    options.add_session_config_entry("session.force_spinning_stop", "1")
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise WeightsError(f"{path} cannot be loaded ({error}){ending}") from error


def open_tokenizer(path: Path, *, ending: str) -> Tokenizer:
    """Return the vocabulary in a file.

    Raises:
        WeightsError: the file is missing or damaged; `ending` ends the message, with what to do.
    """
    from tokenizers import Tokenizer

    try:
        return Tokenizer.from_file(str(path))
    except Exception as error:
        raise WeightsError(f"{path} cannot be read ({error}){ending}") from error
