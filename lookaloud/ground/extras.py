"""Packages that the light installation does not have: whether they are here, and how to get them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec

from lookaloud.ground.errors import MissingExtraError, reason_of


def missing_packages(modules: Iterable[str]) -> tuple[str, ...]:
    """Return those of the modules, by their import names, that are not installed. None of them is loaded.

    >>> missing_packages(["json", "no_such_package"])
    ('no_such_package',)
    """
    return tuple(module for module in modules if find_spec(module) is None)


@contextmanager
def needing(what: str, *, extra: str, note: str = "") -> Iterator[None]:
    """Explain in one sentence with a pip line why an import inside the `with` block does not work.

    Args:
        what: what needs the imports, as a sentence begins with it: "A report".
        extra: the extra of Lookaloud that brings them.
        note: what else people have to know, to stand after the pip line.

    Raises:
        MissingExtraError: a package is missing or broken.

    >>> with needing("A report", extra="eval"):  # doctest: +IGNORE_EXCEPTION_DETAIL
    ...     import no_such_package
    Traceback (most recent call last):
    MissingExtraError: A report needs the package no_such_package, which is not installed; run: ...
    """
    try:
        yield
    except (ImportError, OSError) as error:  # OSError: a library inside a package does not fit another package
        name = getattr(error, "name", None)
        absent = name is not None and isinstance(error, ModuleNotFoundError)
        found = "is not installed" if absent else f"cannot be imported ({reason_of(error)})"
        named = f"the package {name}" if name else "a package"
        raise MissingExtraError(_sentence(f"{what} needs {named}, which {found}", extra) + note) from error


def require(what: str, modules: Iterable[str], *, extra: str) -> None:
    """Import the modules, or explain why not all of them can be; see `needing`.

    Raises:
        MissingExtraError: some are missing or broken. The message names all that are missing.
    """
    modules = tuple(modules)
    missing = missing_packages(modules)
    if missing:
        count, verb = ("", "is") if len(missing) == 1 else ("s", "are")
        needed = f"{what} needs the package{count} {', '.join(missing)}, which {verb} not installed"
        raise MissingExtraError(_sentence(needed, extra))
    with needing(what, extra=extra):
        for module in modules:
            import_module(module)


def _sentence(found: str, extra: str) -> str:
    return f'{found}; run: pip install "lookaloud[{extra}]"'
