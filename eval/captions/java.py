"""Reference programs that are written in Java: where Java is, where their files are, and talking to them."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import subprocess  # programs as lists, never a shell  # nosec B404
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, cast

from eval.errors import ModelError
from lookaloud.ground.errors import MissingExtraError

# UTF-8 and English whatever the computer's language is: in Turkish, Java makes another letter of a capital I.
_ALWAYS = ("-Dfile.encoding=UTF-8", "-Duser.language=en", "-Duser.country=US", "-Djava.awt.headless=true")


def find_java(needed_by: str) -> str:
    """Return the program java: of JAVA_HOME, if that is set, or else of PATH.

    Raises:
        MissingExtraError: there is none.
    """
    home = os.environ.get("JAVA_HOME")
    found = shutil.which(str(Path(home, "bin", "java")) if home else "java")
    if found is None:
        where = f"JAVA_HOME ({home})" if home else "PATH"
        raise MissingExtraError(
            f"{needed_by} is a Java program, and there is no java in {where}; on Debian and Ubuntu: "
            "apt install default-jre-headless"
        )
    return found


def find_jar(needed_by: str, *, variable: str, folder: str, jar: str, beside: Sequence[str]) -> Path:
    """Return a reference program's jar: the one that an environment variable names, or an installed pycocoevalcap's.

    Args:
        needed_by: the metric, for errors.
        variable: the environment variable; its value is the jar or the folder of it.
        folder: of pycocoevalcap.
        jar: the file's name.
        beside: files that the program reads, named from the jar's folder.

    Raises:
        MissingExtraError: there is no such file.
    """
    named = os.environ.get(variable)
    if named:
        path = Path(named)
        path = path / jar if path.is_dir() else path
    else:
        package = importlib.util.find_spec("pycocoevalcap")
        if package is None or not package.submodule_search_locations:
            raise MissingExtraError(
                f"{needed_by} needs {jar}, which the package pycocoevalcap carries: "
                f'pip install "lookaloud[meteor]", or name the file in the environment variable {variable}.'
            )
        path = Path(package.submodule_search_locations[0], folder, jar)
    missing = [name for name in (path, *(path.parent / name for name in beside)) if not name.is_file()]
    if missing:
        raise MissingExtraError(
            f"{needed_by} needs the file {missing[0]}, which is not there; install pycocoevalcap again, or name {jar}, "
            f"with its files beside it, in the environment variable {variable}."
        )
    return path.resolve()


def java_command(java: str, jar: Path, memory: str, arguments: Sequence[str]) -> list[str]:
    """Return the command that runs a jar with so much memory ("2G") at most."""
    return [java, *_ALWAYS, f"-Xmx{memory}", "-jar", str(jar), *arguments]


class JavaDialogue:
    """A Java program that answers line by line; a context manager that ends it.

    Args:
        name: the metric, for errors.
        command: what to run.

    Raises:
        ModelError: it cannot be started; from `ask`: it has ended.
    """

    def __init__(self, name: str, command: Sequence[str]) -> None:
        self._name = name
        # A file, because a pipe that nobody reads would fill and stop the program.
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed by __exit__)
        try:
            # The user's own java, by its path, with arguments of ours: a list, without a shell.
            self._process = subprocess.Popen(  # noqa: S603  # nosec B603
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, encoding="utf-8"
            )
        except OSError as error:
            self._errors.close()
            raise ModelError(f"{name} cannot be started ({error.strerror or error}): {command[0]}") from error
        self._input, self._output = cast(IO[str], self._process.stdin), cast(IO[str], self._process.stdout)

    def __enter__(self) -> JavaDialogue:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        self._output.close()
        with contextlib.suppress(OSError):  # what it had not read any more
            self._input.close()
        self._errors.close()

    def ask(self, line: str) -> str:
        """Return the program's next line after it was given this one."""
        try:
            self._input.write(f"{line}\n")
            self._input.flush()
            answer = self._output.readline()
        except (OSError, UnicodeDecodeError) as error:
            raise ModelError(self._reason()) from error
        if not answer:
            raise ModelError(self._reason())
        return answer.strip()

    def _reason(self) -> str:
        self._errors.seek(0)
        return f"{self._name}'s Java program ended before it answered ({last_words(self._errors.read())})."


def last_words(errors: bytes) -> str:
    """Return the line of a Java program's error output that says most."""
    lines = [line for line in errors.decode("utf-8", errors="replace").splitlines() if line.strip()]
    told = [line.strip() for line in lines if not line.startswith(("\t", "Picked up"))]
    causes = [line for line in told if line.startswith("Caused by:")]
    return [*told[:1], *causes, "it gave no reason"][1 if causes else 0][:300]
