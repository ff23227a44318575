"""The page for people: it works without script for one picture, and with it for more.

What the page says is in `lookaloud.words`, how it is laid out in `templates/`, how it looks in `static/page.css`, and
what the script does in `static/page.js`, which asks the same interface as other programs.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.datastructures import FormData, UploadFile

from lookaloud.describe.options import PARTS, DescribeOptions
from lookaloud.describe.teller import DETAILS
from lookaloud.printable import printable
from lookaloud.web.answers import refusal_of
from lookaloud.web.gone import gone, unless_gone

if TYPE_CHECKING:
    from jinja2 import Environment

    from lookaloud.web.service import Service
    from lookaloud.web.settings import ServeSettings
    from lookaloud.web.values import Described

RATES = ("0.5", "0.75", "1", "1.25", "1.5", "1.75", "2")
"""The speeds that the page offers."""

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob: data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""The page's Content-Security-Policy: nothing from other hosts, and no script or style that stands in the page."""

_STATIC = {
    "page.css": "text/css",
    "page.js": "text/javascript",
    "zip.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}


@dataclass(frozen=True)
class _Result:
    """What the template `result.html` shows; its URLs hold the data itself, because nothing is kept on the server."""

    described: Described
    name: str
    sure: str
    text_url: str
    sound_url: str = ""
    sound_error: str = ""

    @property
    def text(self) -> str:
        return self.described.text or ""

    @property
    def file_stem(self) -> str:
        return self.described.source.rpartition(".")[0] or self.described.source


def router(service: Service, settings: ServeSettings) -> APIRouter:
    """Return the routes of the page: `GET /`, `POST /describe` (the form without script) and `/static/...`.

    Args:
        service: describes and speaks.
        settings: the page says its `max_upload_bytes` and speaks in pieces of its `max_speech_letters`.

    >>> app.include_router(router(service, settings))  # doctest: +SKIP
    """
    page = _Page(service, settings)
    routes = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
    routes.add_api_route("/", page.show, methods=["GET"])
    routes.add_api_route("/describe", page.describe, methods=["POST"])
    routes.add_api_route("/describe", page.again, methods=["GET"])
    for name in _STATIC:
        routes.add_api_route(f"/static/{name}", _static(name), methods=["GET"])
    return routes


class _Page:
    def __init__(self, service: Service, settings: ServeSettings) -> None:
        self.service = service
        self.settings = settings
        self.all_words = service.narrator.words
        self.words = self.all_words.page

    async def show(self) -> HTMLResponse:
        return self._html({})

    async def again(self) -> RedirectResponse:
        """To the page, for whoever opens the address that the form posted to."""
        return RedirectResponse("./", status_code=303)

    async def describe(self, request: Request) -> Response:
        """Return the page again, with the description of the picture that the form holds, or with what is wrong."""
        async with request.form(max_files=2, max_fields=8) as form:
            chosen = {
                name: value for name in ("detail", "part", "voice", "rate") if isinstance(value := form.get(name), str)
            }
            upload = _upload(form)
            if upload is None:
                return self._html(chosen, error=self.words["say_no_picture"], status=422)
            name = _file_name(upload.filename or self.words["picture_label"])
            data = await upload.read()
        if len(data) > (most := self.settings.max_upload_bytes):
            megabytes = {"megabytes": math.ceil(len(data) / 1e6), "limit": most // 1_000_000}
            return self._html(chosen, error=self.words["say_too_large"].format(name=name, **megabytes), status=413)
        try:
            options = DescribeOptions(
                detail=chosen.get("detail", "standard"),
                part=chosen.get("part", "whole"),
                rate=_rate(chosen.get("rate", "1")),
            )
        except ValueError as error:  # a form that is not ours
            return self._html(chosen, error=str(error), status=422)
        shown = await unless_gone(request, self._described(data, name, options, chosen))
        return gone() if shown is None else shown

    async def _described(
        self, data: bytes, name: str, options: DescribeOptions, chosen: Mapping[str, str]
    ) -> HTMLResponse:
        try:
            result = self._result(await self.service.describe(data, name, options))
        except Exception as error:
            refusal = refusal_of(error)
            if refusal.status == 500:
                raise
            return self._html(chosen, error=refusal.message, status=refusal.status)
        return self._html(chosen, result=await self._with_sound(result, chosen.get("voice"), options.rate))

    def _result(self, told: Described) -> _Result:
        sure = self.words[f"say_sure_{told.certainty}" if told.is_photo else "say_sure_none"]
        name = told.source
        if told.part != "whole":
            name = self.words["say_part"].format(name=name, part=self.words[f"say_part_{told.part}"])
        return _Result(told, name, sure, _data_url("text/plain;charset=utf-8", f"{told.text}\n".encode()))

    def _voices(self) -> list[tuple[str, str]]:
        """The names and labels of the voices that speak the page's language."""
        from speech import list_voices

        about = {spec.name: spec for spec in list_voices()}
        names, language = self.service.voices.names(), self.all_words.language
        if language != "en":
            names = tuple(name for name in names if name in about and about[name].language.startswith(language))
        return [(name, f"{name} ({about[name].description})" if name in about else name) for name in names]

    async def _with_sound(self, result: _Result, voice: str | None, rate: float) -> _Result:
        """With its sound, or why it has none: the description is worth reading all the same."""
        if not self._voices():
            return result
        try:
            sound = await self.service.encode(await self.service.speak(result.text, voice=voice, rate=rate), "mp3")
        except Exception as error:
            refusal = refusal_of(error)
            if refusal.status == 500:
                raise
            return replace(result, sound_error=self.words["say_no_sound"].format(reason=refusal.message))
        return replace(result, sound_url=_data_url("audio/mpeg", sound))

    def _html(
        self, chosen: Mapping[str, str], *, result: _Result | None = None, error: str = "", status: int = 200
    ) -> HTMLResponse:
        title = self.words["title"]
        said = error or (result.text if result else "")
        usual = {"detail": "standard", "part": "whole", "voice": self.service.voices.usual_name, "rate": "1"}
        html = (
            templates()
            .get_template("page.html")
            .render(
                words=self.words,
                script_words=self.all_words.script,
                language=self.all_words.language,
                page_title=f"{said} {title}" if said else title,  # without script, the title is what is heard first
                max_bytes=self.settings.max_upload_bytes,
                max_letters=self.settings.max_speech_letters,
                details=DETAILS,
                parts=PARTS,
                reads_text=self.service.narrator.reader is not None,
                voices=self._voices(),
                rates=RATES,
                chosen={**usual, **chosen},
                result=result,
                error=error,
            )
        )
        headers = {"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-store"}
        return HTMLResponse(html, status_code=status, headers=headers)


@lru_cache(maxsize=1)
def templates() -> Environment:
    """Return what makes HTML of the files in `templates/`: everything that is filled in is escaped."""
    from jinja2 import Environment, PackageLoader

    return Environment(loader=PackageLoader("lookaloud.web"), autoescape=True, trim_blocks=True, lstrip_blocks=True)


def _static(name: str) -> Any:
    """Return a route that answers with one file of the package, read once; no name from a client is ever opened."""
    content = files("lookaloud.web").joinpath("static").joinpath(name).read_bytes()

    async def answer() -> Response:
        return Response(content, media_type=_STATIC[name], headers={"Cache-Control": "no-cache"})

    return answer


def _upload(form: FormData) -> UploadFile | None:
    """Return the picture, chosen or photographed; a browser sends a field of files that was left empty as well."""
    for field in ("picture", "photograph"):
        value = form.get(field)
        if isinstance(value, UploadFile) and value.size:
            return value
    return None


def _rate(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"rate is {text[:20]!r}; it must be from 0.5 to 2.0.") from None


def _file_name(name: str) -> str:
    return printable(name.replace("\\", "/").rpartition("/")[2][:100])


def _data_url(media_type: str, data: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(data).decode()}"
