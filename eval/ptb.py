"""The tokenizer of the COCO caption evaluation, without Java.

pycocoevalcap cuts captions by Stanford CoreNLP 3.4.1 (`PTBTokenizer -preserveLines -lowerCase`) and then takes its list
of punctuation out. This module was written after that program's behaviour: rules, of which the one that reads most
characters wins, and of equally long ones the first, as a lexer of that kind has it. `tests/golden/ptb.py` compares
the two; docs/caption-metrics.md says how often they agree, and lists where they do not.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

# What pycocoevalcap takes out. Upper case, although the tokens are lower case by then: so "-lrb-" stays. So does "!!".
PUNCTUATION = frozenset(
    ["''", "'", "``", "`", "-LRB-", "-RRB-", "-LCB-", "-RCB-", ".", "?", "!", ",", ":", "-", "--", "...", ";"]
)
_QUOTES = {"\u2018": "`", "\u2039": "`", "\u0091": "`", "\u2019": "'", "\u203a": "'", "\u0092": "'"}
_QUOTES |= dict.fromkeys("\u201c\u00ab\u0093", "``") | dict.fromkeys("\u201d\u00bb\u0094", "''") | {'"': "''"}
_PLAIN_QUOTES = str.maketrans("\u2018\u2019", "`'")
_BRACKETS = {"(": "-lrb-", ")": "-rrb-", "[": "-lsb-", "]": "-rsb-", "{": "-lcb-", "}": "-rcb-"}
_CURRENCY = {"\u00a2": "cents", "\u00a3": "#", "\u0080": "$", "\u20ac": "$"}
_FRACTIONS = {"\u00bc": "1/4", "\u00bd": "1/2", "\u00be": "3/4", "\u2153": "1/3", "\u2154": "2/3"}
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}

# A letter, a combining mark of the scripts that have them, or a soft hyphen, which is taken out afterwards.
_L = (
    r"(?:[^\W\d_\u00b2\u00b3\u00b9\u00bc-\u00be\u2070-\u2089\u2150-\u218b\u2460-\u24ff\u2776-\u2793]"
    r"|[\u00ad\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u0669\u0670\u06d6-\u06ed\u0900-\u0dff\u0e00-\u0eff])"
)
_LD = rf"(?:{_L}|\d)"
_APOS = "['\u2019]"
_APOS_LIKE = "['\u2019`\u2018\u201b]"
_WORD = rf"{_L}{_LD}*(?:[.!?]{_L}{_LD}*)*"
_AUXILIARY = rf"{_APOS}(?i:[msd]|re|ve|ll)"
_NOT = rf"[nN]{_APOS_LIKE}[tT]"
_ACRONYM = r"[A-Za-z](?:\.[A-Za-z])+"
_NUMBER = r"(?:\d*(?:[.:,\u00ad\u066b\u066c]\d+)+|\d+)"
_HYPHENATED = "[-_\u058a\u2010\u2011]"
_ELIDED = rf"(?:[dDoOlL]{_APOS_LIKE}(?={_L}{_LD}))?"
_SPACE = r"[ \t\u00a0\u2000-\u200a\u3000]"
_NO_URL = r' \t\n\f\r"<>|'
_NO_MAIL = _NO_URL + r"(){}\u00a0"

# Which words keep their full stop was found by asking the program about some 30,000 words.
_ABBREVIATIONS = (
    "adj|adm|adv|al|ala|apr|ariz|assn|assoc|asst|atty|attys|aug|ave|bancorp|bhd|bldg|blvd|brig|bros|calif|capt|cf|cie|"
    "cmdr|co|col|colo|comdr|conn|corp|cos|cpl|ct|dak|dec|dept|det|dr|drs|ens|esq|est|etc|ext|feb|fla|fri|ft|ga|gen|"
    "gov|govs|hon|inc|ind|intl|jan|jos|jr|jul|jun|kan|kans|ky|lieut|lt|ltd|maj|mar|md|messrs|mich|minn|mlle|mme|mo|"
    "mon|mont|mr|mrs|ms|msgr|mt|natl|neb|nev|nov|oct|okla|penn|pfc|ph|plc|pres|prof|profs|pvt|rd|rep|reps|rev|rt|sen|"
    "sens|sep|sept|seq|sfc|sgt|spc|sq|sr|st|ste|supt|supts|sys|tel|tenn|thu|thurs|treas|tue|tues|univ|va|vs|vt|wed|"
    "wis|wisc|wm|wyo"
)
# Of these, the ones that keep it although a letter follows without a space, as in "jan.b".
_LOOKING_ON = (
    "al|ala|apr|ariz|assn|aug|bancorp|bhd|bldg|blvd|bros|calif|co|colo|conn|corp|cos|ct|dak|dec|esq|est|etc|ext|feb|"
    "fla|fri|ga|inc|ind|intl|jan|jr|jul|jun|kan|kans|ky|ltd|mar|md|mich|minn|mo|mon|mont|neb|nev|nov|oct|okla|penn|"
    r"plc|rd|rt|sep|sept|seq|sq|sr|sys|tel|tenn|thu|thurs|tue|tues|univ|va|vt|wed|wis|wisc|wyo|pte|ptys|ph\.d|ed\.d"
)
# In lower case these are words.
_CAPITALISED = "Ark|ARK|Az|AZ|Del|DEL|Ill|ILL|La|LA|Mass|MASS|Miss|MISS|Ore|ORE|Pa|PA|Tex|TEX|Wash|WASH"
_COMPANIES = r"[Mm](?:fg|tg)|[Pp](?:te|ty)s?"
_BEFORE_NUMBERS = "(?i:art|ca|figs?|nos?|op|pp|prop)"
# After a single letter and a full stop these begin a sentence, and the letter is no initial.
_BEGINNINGS = (
    "About|According|Additionally|After|An|As|At|But|He|Her|Here|However|If|In|It|Last|Many|More|Now|Once|One|Other|"
    r"Our|She|Since|So|Some|Such|That|The|Their|Then|There|These|They|This|We|What|When|While|Yet|You|Mr\.|Ms\."
)


def _plain_quotes(token: str) -> list[str]:
    return [token.translate(_PLAIN_QUOTES)]


def _quotes(token: str) -> list[str]:
    return ["".join(_QUOTES.get(mark, mark) for mark in token)]


def _as_is(token: str) -> list[str]:
    return [token]


def _brackets(token: str) -> list[str]:
    return [re.sub(r"[()\[\]{}]", lambda bracket: _BRACKETS[bracket[0]], token)]


def _parentheses(token: str) -> list[str]:
    return [token.replace("(", "-lrb-").replace(")", "-rrb-")]


def _cut_after(n: int) -> Callable[[str], list[str]]:
    return lambda token: [token[:n], token[n:]]


class _Rule(NamedTuple):
    pattern: re.Pattern[str]  # group 1 is the token, where the rule looks further than it reads
    tokens: Callable[[str], list[str]]


def _rule(pattern: str, tokens: Callable[[str], list[str]] = _as_is) -> _Rule:
    return _Rule(re.compile(pattern), tokens)


_RULES = (
    _rule(r"(?i:cannot|gonna|gotta|lemme|gimme|wanna)", _cut_after(3)),
    _rule(rf"({_APOS}[tT])(?i:is|was)"),
    _rule(r"<[!?][A-Za-z-][^>\r\n]*>|</?[A-Za-z][A-Za-z0-9:.-]*(?: +[^<>\r\n]*)? */?>", str.split),
    _rule(r"&(?:MD|mdash|ndash);|[\u0096\u0097\u2013\u2014\u2015]", lambda _: ["--"]),
    _rule(r"&(?:amp|lt|gt);", lambda token: [_ENTITIES[token]]),
    _rule(r"&(?:HT|TL|UR|LR|QC|QL|QR|odq|cdq|#\d+|[aeiouAEIOU](?:acute|grave|uml));"),
    _rule(rf"({_WORD}){_AUXILIARY}"),
    _rule(rf"([A-Za-z\u00ad]*[A-MO-Za-mo-z]\u00ad*){_NOT}"),
    _rule(_WORD),
    _rule(rf"[lLdDjJ]{_APOS}"),
    _rule(rf"{_L}+[aeiouyAEIOUY]{_APOS_LIKE}[aeiouA-Z]{_L}*"),
    _rule(rf"[A-HJ-XZn]{_APOS_LIKE}{_L}{_L}+"),
    _rule(
        rf"{_APOS}[nN](?:{_APOS}|(?!{_LD}))|(?i:dunkin|somethin|ol){_APOS}|{_APOS}(?i:em|till?|cause)|"
        rf"{_APOS_LIKE}[2-9]0s|(?i:nor{_APOS}easter|c{_APOS}mon|e{_APOS}er|s{_APOS}mores|ev{_APOS}ry|li{_APOS}l|"
        rf"nat{_APOS}l|cap{_APOS}n|c{_APOS}est|o{_APOS}o)"
    ),
    _rule(rf"([yY]{_APOS}){_L}"),
    _rule(rf"https?://[^{_NO_URL}()]+[^{_NO_URL}.!?(){{}},-]"),
    _rule(
        rf"(?:www\.(?:[^{_NO_URL}.!?(){{}},]+\.)+[a-zA-Z]{{2,4}}|(?:[^{_NO_URL}`'.!?(){{}},-_$]+\.)+(?:com|net|org|edu))"
        rf"(?:/[^{_NO_URL}()]+[^{_NO_URL}.!?(){{}},-])?"
    ),
    _rule(rf"<?[a-zA-Z0-9][^{_NO_MAIL}]*@(?:[^{_NO_MAIL}.]+\.)*[^{_NO_MAIL}.]+>?"),
    _rule(rf"[@\uff20][a-zA-Z_][a-zA-Z_0-9]*|[#\uff03]{_L}+"),
    _rule(rf"({_AUXILIARY})(?:[^A-Za-z]|$)", _plain_quotes),
    _rule(rf"(?=\u2019){_AUXILIARY}", _plain_quotes),
    _rule(_NOT, _plain_quotes),
    _rule(rf"[-+]?{_NUMBER}"),
    _rule(r"[\u207a\u207b\u208a\u208b]?(?:[\u2070\u00b9\u00b2\u00b3\u2074-\u2079]+|[\u2080-\u2089]+)"),
    _rule(r"(?:\d{1,4}[- \u00a0])?\d{1,4}[/\u2044]\d{1,4}"),
    _rule(r"[\u00bc-\u00be\u2153-\u215e]", lambda token: [_FRACTIONS.get(token, token)]),
    _rule(r"-(?:RRB|LRB|RCB|LCB|RSB|LSB)-|-(?:rrb|lrb|rcb|lcb|rsb|lsb)-|pro-|anti-|S&P-500|C\.D\.s"),
    _rule(rf"({_APOS}[0-9][0-9])(?:{_SPACE}|$)"),
    _rule(r"[A-Za-z0-9]+(?:-[A-Za-z]+){0,2}(?:/[A-Za-z0-9]+(?:-[A-Za-z]+){0,2}){1,2}"),
    _rule(r"[A-Z]*\$|#"),
    _rule(r"[\u00a2\u00a3\u00a4\u00a5\u0080\u20a0\u20ac]", lambda token: [_CURRENCY.get(token, token)]),
    _rule(rf"((?i:{_LOOKING_ON})\.)(?s:..)"),
    _rule(rf"(?i:{_ABBREVIATIONS})\."),
    _rule(rf"(?:{_CAPITALISED})\."),
    _rule(rf"(?:{_COMPANIES})\."),
    _rule(rf"({_BEFORE_NUMBERS}\.) ?\d"),
    _rule(rf"([A-Za-z])\.{_SPACE}+(?:(?:A|(?=[A-Z])(?i:{_BEGINNINGS}))(?:{_SPACE}|$)|<[A-Za-z/!?])"),
    _rule(r"[A-Za-z]\."),
    _rule(rf"{_ACRONYM}\.?|(?i:ph|ed)\.[dD]\.?"),
    _rule(rf"((?:{_WORD}|{_NUMBER}|{_LD}+(?:{_HYPHENATED}{_LD}+)*)\.)[,;:\u3001]"),
    _rule(rf"{_ELIDED}{_LD}+(?:{_HYPHENATED}{_ELIDED}{_LD}+)*"),
    _rule(rf"[A-Za-z0-9][A-Za-z0-9.,\u00ad]*(?:-(?:{_ACRONYM}\.|[A-Za-z0-9\u00ad]+))+"),
    _rule(r"[A-Z]+(?:(?:[+&]|&amp;)[A-Z]+)+", lambda token: [token.replace("&amp;", "&")]),
    _rule(r"[cCfF]\+\+"),
    _rule(r"\([0-9]{2,3}\)[ \u00a0]?[0-9]{3,4}[- \u00a0]?[0-9]{3,5}", lambda token: _brackets(token)[0].split()),
    _rule(r"([<>]?[:;=][-o*']?[()DPdpO\\{@|\[\]])(?:[^A-Za-z0-9]|$)", _parentheses),
    _rule(r"[\^x=~<>]\.[\^x=~<>]|[-^x=~<>']_[-^x=~<>']|\([-^x=~<>'][_.]?[-^x=~<>']\)", _parentheses),
    _rule(r"[()\[\]{}]", _brackets),
    _rule(r"-+", lambda token: ["--" if 3 <= len(token) <= 4 else token]),
    _rule(r"\.{3,5}|(?:\.[ \u00a0]){2,4}\.|[\u0085\u2026]", lambda _: ["..."]),
    _rule(r"@+|#+|_+|\*+|<<|>>"),
    _rule(r"[?!]+"),
    # Opening marks; both kinds are dropped in the end.
    _rule('("|&quot;)[A-Za-z0-9$]', lambda _: ["``"]),
    _rule(r"(')[A-Za-z][^ \t\r\n\u00a0]", lambda _: ["`"]),
    _rule("''|'|[`\u2018-\u201f\u0091-\u0094\u2039\u203a\u00ab\u00bb]{1,2}|\"", _quotes),
    _rule("&quot;", lambda _: ["''"]),
    _rule(r"[.,;:\u3001%&+=~^|\\/<>\u00a6-\u00a9\u00ac\u00ae-\u00b1\u00b4-\u00b8\u00ba\u00d7\u00f7\u2020-\u2022]"),
    _rule(r"[\u2010\u2011\u2030-\u2038\u203b-\u203e\u2042-\u2054\u2100-\u214f\u2190-\u22ff\u2460-\u27bf\u3000-\u303f]"),
    _rule(r"[\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65]"),
)

# Where what stands on both sides of a space may belong together: then the text is read as a whole.
_ACROSS_SPACES = re.compile(
    rf"<|\.[ \u00a0]\.|[0-9] [0-9]{{1,4}}/|\([0-9]{{2,3}}\)[ \u00a0][0-9]|"
    rf"(?<![A-Za-z])[A-Za-z]\.{_SPACE}+[A-Z]|{_BEFORE_NUMBERS}\. \d"
)
_SPACES = re.compile(r"[\s\u00a0\u2000-\u200a\u3000]+|&nbsp;")
_LINE_ENDS = re.compile(r"[\r\n\v\f\x1c-\x1e\x85\u2028\u2029]")
_REMEMBERED = 1 << 16


def ptb(text: str) -> list[str]:
    """Return the words of `text` as the COCO caption evaluation (pycocoevalcap) cuts them: lower case, no punctuation.

    "dog's" is `dog` and `'s`, "don't" is `do` and `n't`, "cannot" is `can` and `not`; "t-shirt" and "a.m." stay whole.
    Brackets stay, as `-lrb-` and `-rrb-`, and so do marks that the evaluation's list lacks, such as `&` and `!!`.
    Characters that the Java program cannot read, such as emoji, are dropped, as it does. A line break is a space.

    Figures under this tokenizer are those that papers on COCO and Flickr print.

    Example:
        >>> ptb("A dog's T-shirt (red), I think...")
        ['a', 'dog', "'s", 't-shirt', '-lrb-', 'red', '-rrb-', 'i', 'think']
    """
    if not text.isascii() or "\n" in text:
        text = _LINE_ENDS.sub(" ", text)
    if _ACROSS_SPACES.search(text) is not None:
        return _without_punctuation(_lex(text + " "))
    words: list[str] = []
    for chunk in text.split():
        words += _chunk_words(chunk)
    return words


def ptb_tokens(text: str) -> list[str]:
    """Return all tokens of `text`, punctuation too, as the Java program prints them.

    Example:
        >>> ptb_tokens("The dog's owner can't see (at 3:30 p.m.).")
        ['the', 'dog', "'s", 'owner', 'ca', "n't", 'see', '-lrb-', 'at', '3:30', 'p.m.', '-rrb-', '.']
    """
    return _lex(_LINE_ENDS.sub(" ", text) + " ")


@lru_cache(maxsize=_REMEMBERED)
def _chunk_words(chunk: str) -> tuple[str, ...]:
    # Captions use few words, again and again, and what is between spaces is nearly always read by itself.
    return tuple(_without_punctuation(_lex(chunk + " ")))


def _without_punctuation(tokens: list[str]) -> list[str]:
    return [token for token in tokens if token not in PUNCTUATION]


def _lex(text: str) -> list[str]:
    tokens: list[str] = []
    at = 0
    while at < len(text):
        spaces = _SPACES.match(text, at)
        if spaces is not None:
            at = spaces.end()
            continue
        longest, rule = None, _RULES[0]
        for each in _RULES:
            match = each.pattern.match(text, at)
            if match is not None and (longest is None or match.end() > longest.end()):
                longest, rule = match, each
        if longest is None:  # a character that the program reports as untokenizable and leaves out
            at += 1
            continue
        token = longest[longest.lastindex or 0]
        at += len(token)
        tokens += rule.tokens(token)
    return [part for token in tokens for part in token.replace("\u00ad", "").lower().split()]
