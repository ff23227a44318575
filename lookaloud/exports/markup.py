"""Documents in HTML and XML, built from elements: text is escaped by what writes them, at one place."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ElementTree  # only written, never read  # nosec B405
from collections.abc import Mapping
from urllib.parse import quote
from xml.etree.ElementTree import Element  # only written, never read  # nosec B405

from lookaloud.exports.text import clean


def element(tag: str, attributes: Mapping[str, str] | None = None, *content: Element | str | None) -> Element:
    """Return an element with texts and elements in it; None is left out.

    >>> as_xml(element("p", {"dir": "auto"}, "1 < 2", element("br"), "end"))[39:]
    b'<p dir="auto">1 &lt; 2<br />end</p>\\n'
    """
    made = Element(tag, {name: clean(value) for name, value in (attributes or {}).items()})
    last: Element | None = None
    for part in content:
        if isinstance(part, str):
            if last is None:
                made.text = (made.text or "") + clean(part)
            else:
                last.tail = (last.tail or "") + clean(part)
        elif part is not None:
            made.append(part)
            last = part
    return made


def as_html(root: Element) -> bytes:
    """Return a whole HTML page.

    >>> as_html(element("html", {"lang": "en"}, element("br")))
    b'<!DOCTYPE html>\\n<html lang="en"><br></html>\\n'
    """
    body: bytes = ElementTree.tostring(root, encoding="utf-8", method="html")
    return b"<!DOCTYPE html>\n" + body + b"\n"


def as_xml(root: Element, doctype: str = "") -> bytes:
    """Return a whole XML document in UTF-8.

    >>> as_xml(element("a"))
    b'<?xml version="1.0" encoding="UTF-8"?>\\n<a />\\n'
    """
    head = f'<?xml version="1.0" encoding="UTF-8"?>\n{doctype}'
    body: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=False)
    return head.encode() + body + b"\n"


def link_to(path: str) -> str:
    """Return a relative file path, with forward slashes, as a relative web address.

    >>> link_to("a b/c#d:e.wav")
    'a%20b/c%23d%3Ae.wav'
    """
    return quote(os.fsencode(path), safe="/")
