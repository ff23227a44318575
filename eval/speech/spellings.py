"""British spellings and the American ones that transcripts are compared in."""

from __future__ import annotations

# British stem -> American stem, and the endings that words of the family take.
_OUR = "arm behavi clam col endeav fav ferv flav glam harb hon hum lab neighb od parl ranc rum sav splend tum vap vig"
_OUR_ENDINGS = " s ed ing ful less able ably ite ites hood hoods ist ists y"
_RE = "calib cent centimet fib goit kilomet lit lust meag met millimet og reconnoit sab sepulch somb spect theat"
_RE_ENDINGS = ("", "s", "d")
_ISE = (
    "apolog author capital categor character civil color critic custom emphas energ equal fantas fertil final "
    "general harmon hospital ideal immun initial legal local maxim memor minim mobil modern normal optim organ "
    "personal popular real recogn revolution serial social special stabil standard steril summar symbol sympath util "
    "vandal visual"
)
_ISE_ENDINGS = ("e", "es", "ed", "ing", "er", "ers", "ation", "ations")
_DOUBLED = (
    "cancel channel counsel cruel dial equal fuel jewel label level libel marvel model panel pedal quarrel signal "
    "snorkel swivel total towel travel tunnel"
)
_DOUBLED_ENDINGS = ("ed", "ing", "er", "ers", "ist", "ists", "ings", "ous", "ously")


def _american_spellings() -> dict[str, str]:
    families = (
        ((f"{stem}our", f"{stem}or", _OUR_ENDINGS.split(" ")) for stem in _OUR.split()),
        ((f"{stem}re", f"{stem}er", _RE_ENDINGS) for stem in _RE.split()),
        ((f"{stem}is", f"{stem}iz", _ISE_ENDINGS) for stem in _ISE.split()),
        ((f"{stem}{stem[-1]}", stem, _DOUBLED_ENDINGS) for stem in _DOUBLED.split()),
    )
    return {
        british + ending: american + ending
        for family in families
        for british, american, endings in family
        for ending in endings
    }


# British word -> American word.
AMERICAN = _american_spellings() | {
    "aeroplane": "airplane",
    "aeroplanes": "airplanes",
    "aluminium": "aluminum",
    "analyse": "analyze",
    "analysed": "analyzed",
    "analysing": "analyzing",
    "axe": "ax",
    "catalogue": "catalog",
    "catalogues": "catalogs",
    "centred": "centered",
    "centring": "centering",
    "cheque": "check",
    "cheques": "checks",
    "chequered": "checkered",
    "cosy": "cozy",
    "defence": "defense",
    "dialogue": "dialog",
    "doughnut": "donut",
    "doughnuts": "donuts",
    "draught": "draft",
    "draughts": "drafts",
    "gaol": "jail",
    "grey": "gray",
    "greyer": "grayer",
    "greyhound": "grayhound",
    "greying": "graying",
    "greyish": "grayish",
    "greys": "grays",
    "jewellery": "jewelry",
    "kerb": "curb",
    "kerbs": "curbs",
    "licence": "license",
    "licences": "licenses",
    "manoeuvre": "maneuver",
    "manoeuvres": "maneuvers",
    "mould": "mold",
    "mouldy": "moldy",
    "moustache": "mustache",
    "moustaches": "mustaches",
    "multicoloured": "multicolored",
    "multistorey": "multistory",
    "offence": "offense",
    "ok": "okay",
    "paediatric": "pediatric",
    "plough": "plow",
    "ploughed": "plowed",
    "ploughing": "plowing",
    "ploughs": "plows",
    "practise": "practice",
    "practised": "practiced",
    "practising": "practicing",
    "programme": "program",
    "programmes": "programs",
    "pyjamas": "pajamas",
    "sceptical": "skeptical",
    "storey": "story",
    "storeys": "stories",
    "sulphur": "sulfur",
    "tyre": "tire",
    "tyres": "tires",
    "whisky": "whiskey",
    "woollen": "woolen",
    "yoghurt": "yogurt",
}
