"""English: every sentence about a picture, and every string of the page. See `lookaloud.words.Words`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lookaloud.words.text import as_items, by_place

if TYPE_CHECKING:
    from captioner.findings.look import Look
    from captioner.findings.parts import Parts
    from captioner.picture.notes import PhotoNotes

VOICE = "heart"

KINDS = {
    "blank": "The picture is blank.",
    "gradient": "The picture is only a gradual change of colour.",
    "noise": "The picture is only noise.",
    "text": "This looks like a page of text.",
    "screenshot": "This looks like a screenshot.",
    "chart": "This looks like a chart.",
    "diagram": "This looks like a diagram.",
    "icon": "This looks like an icon or a logo.",
    "drawing": "This looks like a drawing.",
    "dark": "The picture is too dark to describe.",
    "bright": "The picture is too bright to describe.",
    "blurred": "The picture is too blurred to describe.",
    "small": "The picture is too small to describe.",
}
SCRIPTS = {
    "Arabic": "Arabic",
    "Armenian": "Armenian",
    "Cyrillic": "Cyrillic",
    "Devanagari": "Devanagari",
    "Georgian": "Georgian",
    "Greek": "Greek",
    "Hebrew": "Hebrew",
    "Korean": "Korean",
    "Thai": "Thai",
}
COLOURS = {name: name for name in (
    "black", "white", "grey", "brown", "beige", "red", "orange", "yellow", "green", "turquoise", "blue", "purple",
    "pink",
)}  # fmt: skip
LIGHTS = {
    "dark": "dark",
    "dim": "dim",
    "evenly lit": "evenly lit",
    "bright": "bright",
    "strong light and shadow": "with strong light and shadow",
}
ORIENTATIONS = {"landscape": "in landscape format", "portrait": "in portrait format", "square": "square"}
PLACES = {"left": "on the left", "middle": "in the middle", "right": "on the right"}
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
SENTENCES = {
    "possibly": "Possibly {caption}",
    "alternatives": "It could also be: {captions}",
    "or": "; or ",
    "page": "It says: {text}",
    "sign": "The sign says: {text}",
    "text": "Text in the picture: {texts}",
    "unread": "There is text in letters that cannot be read here.",
    "unread_script": "There is text in {script} letters, which cannot be read here.",
}


def _parts(parts: Parts) -> str:
    return by_place("en", parts, PLACES, " and ", SENTENCES["possibly"])


def _look(look: Look) -> str:
    *most, last = (COLOURS[name] for name in look.colours)
    colours = f"{', '.join(most)} and {last}" if most else last
    return f"The picture is {ORIENTATIONS[look.orientation]}, {LIGHTS[look.light]}, and mainly {colours}."


def _notes(notes: PhotoNotes) -> str:
    if not notes:
        return ""
    day = notes.taken
    said = {
        "taken on ": day and f"{day.day} {MONTHS[day.month - 1]} {day.year}",
        "place: ": notes.place,
        "title: ": notes.title,
        "description: ": notes.description,
        "camera: ": notes.camera,
    }
    items = as_items(f"{name}{text}" for name, text in said.items() if text)
    return f"The photo's own notes say: {'; '.join(items)}"


FINDINGS: dict[str, Callable[[Any], str]] = {"parts": _parts, "look": _look, "notes": _notes}

# `{name}` and the like are places that the script or the page fills; numbers stand behind a colon, where no language
# needs another form for one than for many. Plain words, whole sentences, no idioms: they are heard as often as read.
PAGE = {
    "title": "Lookaloud: hear what is in a picture",
    "name": "Lookaloud",
    "tagline": "Hear and read what is in a picture. Pictures stay on the computer that runs Lookaloud.",
    # The form.
    "form_title": "Describe a picture",
    "picture_label": "Picture",
    "picture_hint": "JPEG, PNG, WebP, GIF, TIFF or BMP, at most {megabytes} MB.",
    "drop_hint": "You can also drop a picture anywhere on this page, or paste one.",
    "paste_button": "Paste a picture",
    "camera_label": "Or take a photograph",
    "detail_legend": "How much to tell",
    "detail_brief": "Brief",
    "detail_brief_hint": "one short sentence",
    "detail_standard": "Standard",
    "detail_standard_hint": "what is there, and the text in it",
    "detail_no_text_hint": "what is there",
    "detail_detailed": "Detailed",
    "detail_detailed_hint": "also left, middle and right, light and colours",
    "no_reader_hint": "Text in pictures is not read, because the text reader is not installed on that computer.",
    "part_label": "Part of the picture",
    "part_whole": "The whole picture",
    "part_left": "The left part",
    "part_middle": "The middle part",
    "part_right": "The right part",
    "voice_label": "Voice",
    "no_voice_hint": "No voice on that computer speaks English, so descriptions come without sound.",
    "rate_label": "Speed",
    "rate_normal": "Normal",
    "rate_times": "{rate} times normal",
    "speak_label": "Speak each description when it is ready",
    "speak_hint": "Leave this off if your screen reader reads it to you.",
    "describe_button": "Describe the picture",
    # The result.
    "result_title": "Description",
    "sound_label": "The description as sound",
    "download_sound": "Download the sound",
    "download_text": "Download the text",
    "alternatives_title": "It could also be",
    "found_title": "Text in the picture",
    "problems_title": "Could not be found out",
    "parts_title": "Look closer",
    # The folder.
    "folder_title": "Describe a whole folder",
    "folder_label": "Folder of pictures",
    "files_label": "Or several pictures",
    "folder_button": "Describe them all",
    "folder_progress": "Progress",
    "stop_button": "Stop",
    "failures_title": "What went wrong",
    # The history.
    "history_title": "Descriptions of this visit",
    "history_hint": "They are kept in this page only, and are gone when you close it or load it again.",
    "zip_button": "Download all as a ZIP",
    "say_play": "Play",
    "say_stop": "Stop",
    "sound_button": "Save the sound",
    "text_button": "Save the text",
    # The foot.
    "warning": "Descriptions are made by a small program and often wrong. Do not rely on one where that could hurt.",
    "api_link": "For programs: the interface",
    # Where a browser gives the token, and what the interface offers.
    "sign_in_title": "Sign in to Lookaloud",
    "sign_in_hint": "The token is what the service was started with. This browser keeps that you know it for 30 days.",
    "token_label": "Token",  # words of the page  # nosec B105
    "sign_in_button": "Sign in",
    "too_many_guesses": "Too many wrong tokens came from your address. Wait a minute, then type the right one.",
    "wrong_token": "That is not the token. Look it up where Lookaloud was started, and type it again.",  # words  # nosec B105
    "docs_title": "Lookaloud for programs",
    "docs_hint": "Everything in full, for programs:",
    "docs_link": "OpenAPI",
    "docs_back": "Back to describing pictures",
    # Errors of the form, from the page and from the script.
    "say_no_picture": "No picture is chosen. Choose a picture, then press the button again.",
    "say_no_folder": "No pictures are chosen. Choose a folder or several pictures, then press the button again.",
    "say_too_large": "{name} has {megabytes} MB, and at most {limit} MB are read. Use a smaller copy.",
    "say_no_clipboard": "There is no picture in the clipboard, or the browser does not show it. Copy a picture first.",
    "say_unreachable": "Lookaloud does not answer. See that it is still running on the computer, then try again.",
    "say_strange_answer": "Lookaloud gave an answer with no description in it (status {status}). Try again.",
    "say_no_sound": "The description could not be spoken: {reason}",
    "say_no_play": "The browser did not start the sound. Press play.",
    # What is announced.
    "say_working": "Describing {name}.",
    "say_done": "{name}: {text} {sure}",
    "say_part": "{name}, {part}",
    "say_pasted": "pasted picture",
    "say_progress": "Pictures done: {done} of {total}.",
    "say_counted": "Pictures chosen: {total}. Other files, left out: {others}.",
    "say_finished": "All pictures are done. Described: {described}. Could not be described: {failed}.",
    "say_stopped": "Stopped. Described: {described}. Could not be described: {failed}. Left: {left}.",
    "say_zipped": "The ZIP is ready. Descriptions in it: {total}.",
    "say_zip_name": "descriptions.zip",
    "say_sure_high": "Lookaloud is fairly sure of this.",
    "say_sure_medium": "Lookaloud is not quite sure of this.",
    "say_sure_low": "Lookaloud is guessing; this is more likely wrong than right.",
    "say_sure_none": "Lookaloud describes scenes only in photographs that show enough.",
    "say_part_left": "left part",
    "say_part_middle": "middle part",
    "say_part_right": "right part",
}
