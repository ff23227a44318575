"""Every word of the page, in one catalogue for each language, so that languages can follow.

Names that begin with `say_` are what the script says, some of them what the page without script says too; the others
stand in the templates only. `{name}` and the like are places that the script or the page fills; numbers stand behind a
colon, where no language needs another form for one than for many. Plain words, whole sentences, no idioms: they are
heard as often as read.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_ENGLISH = {
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

CATALOGUES: Mapping[str, Mapping[str, str]] = MappingProxyType({"en": MappingProxyType(_ENGLISH)})
"""The words by BCP 47 language tag. Every catalogue has the same names."""


def words_of_script(catalogue: Mapping[str, str]) -> dict[str, str]:
    """The part of a catalogue that the script says, without the prefix of its names.

    >>> words_of_script(CATALOGUES["en"])["stop"]
    'Stop'
    """
    return {name.removeprefix("say_"): words for name, words in catalogue.items() if name.startswith("say_")}
