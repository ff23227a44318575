"""German: every sentence about a picture, and every string of the page. See `lookaloud.words.Words`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lookaloud.words.text import Told, as_items, by_place

if TYPE_CHECKING:
    from captioner.findings.look import Look
    from captioner.findings.parts import Parts
    from captioner.picture.notes import PhotoNotes

VOICE = "hf:facebook/mms-tts-deu"

KINDS = {
    "blank": "Das Bild ist leer.",
    "gradient": "Das Bild zeigt nur einen Farbverlauf.",
    "noise": "Das Bild zeigt nur Rauschen.",
    "text": "Das sieht nach einer Seite mit Text aus.",
    "screenshot": "Das sieht nach einem Bildschirmfoto aus.",
    "chart": "Das sieht nach einem Diagramm mit Zahlen aus.",
    "diagram": "Das sieht nach einem Schaubild aus.",
    "icon": "Das sieht nach einem Symbol oder Logo aus.",
    "drawing": "Das sieht nach einer Zeichnung aus.",
    "dark": "Das Bild ist zu dunkel für eine Beschreibung.",
    "bright": "Das Bild ist zu hell für eine Beschreibung.",
    "blurred": "Das Bild ist zu unscharf für eine Beschreibung.",
    "small": "Das Bild ist zu klein für eine Beschreibung.",
}
SCRIPTS = {
    "Arabic": "arabischer Schrift",
    "Armenian": "armenischer Schrift",
    "Cyrillic": "kyrillischer Schrift",
    "Devanagari": "Devanagari-Schrift",
    "Georgian": "georgischer Schrift",
    "Greek": "griechischer Schrift",
    "Hebrew": "hebräischer Schrift",
    "Korean": "koreanischer Schrift",
    "Thai": "thailändischer Schrift",
}
COLOURS = {
    "black": "schwarz",
    "white": "weiß",
    "grey": "grau",
    "brown": "braun",
    "beige": "beige",
    "red": "rot",
    "orange": "orange",
    "yellow": "gelb",
    "green": "grün",
    "turquoise": "türkis",
    "blue": "blau",
    "purple": "lila",
    "pink": "rosa",
}
LIGHTS = {
    "dark": "dunkel",
    "dim": "eher dunkel",
    "evenly lit": "gleichmäßig beleuchtet",
    "bright": "hell",
    "strong light and shadow": "mit starkem Licht und Schatten",
}
ORIENTATIONS = {"landscape": "im Querformat", "portrait": "im Hochformat", "square": "quadratisch"}
PLACES = {"left": "links", "middle": "in der Mitte", "right": "rechts"}
MONTHS = (
    "Januar", "Februar", "März", "April", "Mai", "Juni",
    "Juli", "August", "September", "Oktober", "November", "Dezember",
)  # fmt: skip
SENTENCES = {
    "possibly": "Vielleicht {caption}",
    "alternatives": "Es könnte auch sein: {captions}",
    "or": "; oder ",
    "page": "Dort steht: {text}",
    "sign": "Auf dem Schild steht: {text}",
    "text": "Text im Bild: {texts}",
    "unread": "Das Bild enthält Text in einer Schrift, die hier nicht gelesen werden kann.",
    "unread_script": "Das Bild enthält Text in {script}, die hier nicht gelesen werden kann.",
}


def _parts(parts: Parts) -> Told:
    return by_place("de", parts, PLACES, " und ", SENTENCES["possibly"])


def _look(look: Look) -> str:
    *most, last = (COLOURS[name] for name in look.colours)
    colours = f"{', '.join(most)} und {last}" if most else last
    return f"Das Bild ist {ORIENTATIONS[look.orientation]}, {LIGHTS[look.light]} und vor allem {colours}."


def _notes(notes: PhotoNotes) -> str:
    if not notes:
        return ""
    day = notes.taken
    said = {
        "aufgenommen am ": day and f"{day.day}. {MONTHS[day.month - 1]} {day.year}",
        "Ort: ": notes.place,
        "Titel: ": notes.title,
        "Beschreibung: ": notes.description,
        "Kamera: ": notes.camera,
    }
    items = as_items(f"{name}{text}" for name, text in said.items() if text)
    return f"In den Angaben des Fotos steht: {'; '.join(items)}"


FINDINGS: dict[str, Callable[[Any], str]] = {"parts": _parts, "look": _look, "notes": _notes}

PAGE = {
    "title": "Lookaloud: hören, was auf einem Bild ist",
    "name": "Lookaloud",
    "tagline": "Hören und lesen, was auf einem Bild ist. Bilder bleiben auf dem Computer, auf dem "
    "Lookaloud läuft. Die Bildbeschreibungen selbst sind auf Englisch.",
    # The form.
    "form_title": "Ein Bild beschreiben",
    "picture_label": "Bild",
    "picture_hint": "JPEG, PNG, WebP, GIF, TIFF oder BMP, höchstens {megabytes} MB.",
    "drop_hint": "Sie können ein Bild auch irgendwo auf dieser Seite ablegen oder einfügen.",
    "paste_button": "Bild einfügen",
    "camera_label": "Oder ein Foto aufnehmen",
    "detail_legend": "Wie ausführlich",
    "detail_brief": "Kurz",
    "detail_brief_hint": "ein kurzer Satz",
    "detail_standard": "Normal",
    "detail_standard_hint": "was zu sehen ist und welcher Text darin steht",
    "detail_no_text_hint": "was zu sehen ist",
    "detail_detailed": "Ausführlich",
    "detail_detailed_hint": "auch links, Mitte und rechts, Licht und Farben",
    "no_reader_hint": "Text in Bildern wird nicht gelesen, weil die Texterkennung auf dem Computer nicht "
    "installiert ist.",
    "part_label": "Teil des Bildes",
    "part_whole": "Das ganze Bild",
    "part_left": "Der linke Teil",
    "part_middle": "Der mittlere Teil",
    "part_right": "Der rechte Teil",
    "voice_label": "Stimme",
    "no_voice_hint": "Auf dem Computer spricht keine Stimme Deutsch; Beschreibungen kommen ohne Ton.",
    "rate_label": "Tempo",
    "rate_normal": "Normal",
    "rate_times": "{rate}-mal so schnell",
    "speak_label": "Jede Beschreibung vorlesen, sobald sie fertig ist",
    "speak_hint": "Lassen Sie das aus, wenn Ihr Screenreader sie vorliest.",
    "describe_button": "Bild beschreiben",
    # The result.
    "result_title": "Beschreibung",
    "sound_label": "Die Beschreibung als Ton",
    "download_sound": "Ton herunterladen",
    "download_text": "Text herunterladen",
    "alternatives_title": "Es könnte auch sein",
    "found_title": "Text im Bild",
    "problems_title": "Konnte nicht festgestellt werden",
    "parts_title": "Genauer hinsehen",
    # The folder.
    "folder_title": "Einen ganzen Ordner beschreiben",
    "folder_label": "Ordner mit Bildern",
    "files_label": "Oder mehrere Bilder",
    "folder_button": "Alle beschreiben",
    "folder_progress": "Fortschritt",
    "stop_button": "Anhalten",
    "failures_title": "Was nicht gelungen ist",
    # The history.
    "history_title": "Beschreibungen dieses Besuchs",
    "history_hint": "Sie bleiben nur auf dieser Seite und sind weg, wenn Sie sie schließen oder neu laden.",
    "zip_button": "Alle als ZIP herunterladen",
    "say_play": "Abspielen",
    "say_stop": "Anhalten",
    "sound_button": "Ton speichern",
    "text_button": "Text speichern",
    # The foot.
    "warning": "Die Beschreibungen macht ein kleines Programm, und sie sind oft falsch. Verlassen Sie sich"
    " nicht darauf, wenn das schaden könnte.",
    "api_link": "Für Programme: die Schnittstelle",
    # Where a browser gives the token, and what the interface offers.
    "sign_in_title": "Bei Lookaloud anmelden",
    "sign_in_hint": "Das Kennwort ist das, mit dem der Dienst gestartet wurde. Dieser Browser merkt sich 30 "
    "Tage lang, dass Sie es kennen.",
    "token_label": "Kennwort",  # words of the page  # nosec B105
    "sign_in_button": "Anmelden",
    "too_many_guesses": "Von Ihrer Adresse kamen zu viele falsche Kennwörter. Warten Sie eine Minute und geben Sie "
    "dann das richtige ein.",
    "wrong_token": "Das Kennwort ist falsch. Sehen Sie nach, wo Lookaloud gestartet wurde.",  # words  # nosec B105
    "docs_title": "Lookaloud für Programme",
    "docs_hint": "Alles im Einzelnen, für Programme:",
    "docs_link": "OpenAPI",
    "docs_back": "Zurück zum Beschreiben von Bildern",
    # Errors of the form, from the page and from the script.
    "say_no_picture": "Es ist kein Bild ausgewählt. Wählen Sie ein Bild und drücken Sie den Knopf noch einmal.",
    "say_no_folder": "Es sind keine Bilder ausgewählt. Wählen Sie einen Ordner oder mehrere Bilder und drücken "
    "Sie den Knopf noch einmal.",
    "say_too_large": "{name} hat {megabytes} MB; gelesen werden höchstens {limit} MB. Nehmen Sie eine kleinere Kopie.",
    "say_no_clipboard": "In der Zwischenablage ist kein Bild, oder der Browser zeigt es nicht. Kopieren Sie zuerst "
    "eines.",
    "say_unreachable": "Lookaloud antwortet nicht. Prüfen Sie, ob es auf dem Computer noch läuft, und versuchen "
    "Sie es noch einmal.",
    "say_strange_answer": "Lookaloud hat eine Antwort ohne Beschreibung gegeben (Status {status}). Versuchen Sie es "
    "noch einmal.",
    "say_no_sound": "Die Beschreibung konnte nicht gesprochen werden: {reason}",
    "say_no_play": "Der Browser hat den Ton nicht gestartet. Drücken Sie auf Wiedergabe.",
    # What is announced.
    "say_working": "{name} wird beschrieben.",
    "say_done": "{name}: {text} {sure}",
    "say_part": "{name}, {part}",
    "say_pasted": "eingefügtes Bild",
    "say_progress": "Fertige Bilder: {done} von {total}.",
    "say_counted": "Ausgewählte Bilder: {total}. Andere Dateien, ausgelassen: {others}.",
    "say_finished": "Alle Bilder sind fertig. Beschrieben: {described}. Nicht gelungen: {failed}.",
    "say_stopped": "Angehalten. Beschrieben: {described}. Nicht gelungen: {failed}. Übrig: {left}.",
    "say_zipped": "Das ZIP ist fertig. Beschreibungen darin: {total}.",
    "say_zip_name": "beschreibungen.zip",
    "say_sure_high": "Lookaloud ist sich ziemlich sicher.",
    "say_sure_medium": "Lookaloud ist sich nicht ganz sicher.",
    "say_sure_low": "Lookaloud rät nur; das ist eher falsch als richtig.",
    "say_sure_none": "Lookaloud beschreibt Szenen nur auf Fotos, die genug zeigen.",
    "say_part_left": "linker Teil",
    "say_part_middle": "mittlerer Teil",
    "say_part_right": "rechter Teil",
}
