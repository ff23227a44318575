"""The names in ZIP files that do not say how they are written: from Windows of Japan, China, Korea, Russia, the West.

A ZIP either marks a name as UTF-8 or says nothing about it, and Windows wrote what its country used. The guess is made
over all names of an archive together: each code page that can read all of them gets points for letters that names are
full of, and loses points for what nobody puts into a name. charset-normalizer (MIT) was tried first. It is made for
pages of text: of archives with two names each, in eight code pages, it read a quarter wrong.

It does not know other languages, such as Greek, Hebrew, Arabic or Thai. Their names stay unreadable, and still find
their pictures.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

# Code pages by what is most common in the world; the first of equals is taken.
CODE_PAGES = ("cp932", "gbk", "cp949", "big5", "cp1251", "cp866", "cp850", "cp1252")
PLAIN = "cp437"  # what the format says, and what zipfile reads names as
_ENOUGH = 0.3  # points for each byte; below, nothing is known
_MOST_NAMES = 2_000  # enough to know
# The first bytes of the thousands of characters that each country's standard calls frequent, and sorts first.
_COMMON_ROWS = {"cp932": (0x88, 0x97), "gbk": (0xB0, 0xD7), "big5": (0xA4, 0xC6)}

# Letters that names are full of: the most frequent ones of everyday text.
_HANGUL = frozenset(
    "가각간갈감강개거건걸검것게겨격견결경계고곡곤공과관광교구국군권귀규그극근금급기길김꽃끝나난날남내너넘노녀년놀농누눈뉴는늘니다단달담당대더덕데"
    "도독동두드든들등디따때또라락란람랑래량러럭런럼레려력련령로록론료루류률름리린림립마만말망매머먼면명모목몸무문물미민바박반발방배백버번벌범법벚"
    "벽변별병보복본봄부북분불비빛사산살삼상새색생서석선설성세소속손송쇼수순술숭스습승시식신실심십아악안앞야약양어언얼업에여역연열영예오온올와완왕외"
    "요용우운울원월위유육윤율은을음응의이인일임입자작잔잡장재저적전절점정제조족졸종좌주중즈증지직진질집차찬참창채책천철첫청체초촌총최추축춘출충치친"
    "카커컴켓코콘크클키타탄태터테토통투트특티파판팔패퍼페편평포폴표푸품풍프플피필하학한할함합항해행향허현형호혼홍화확환활회효후훈휴희흰힘샷린캡처녹"
)
_HAN = frozenset(
    "的一是不了人我在有他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天而能好都然没日于起还发成事只作"
    "当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进把法此实回二理美点月明其种声全工己话儿者向情部正名定"
    "女问力机给等几很业最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信北少关并内加化由却代军产入先山五太水万市眼体别处总才场师书比"
    "住员九笑性通目华报立马命张活难神数件安表原车白应路期叫死常提感金何更反合放做系计或司利受光王果亲界及今京务制解各任至清物台象记边共风战干接它"
    "许八特觉望直服毛林题建南度统色字请交爱让认算论百吃义科怎元社术结六功指思非流每青管夫连远资队跟带花快条院变联权往展该领传近留红治决周保达办运"
    "照片图像暑假福城节春夏秋冬狗猫烟毕典礼夹屏幕截爷奶温泉湖桂樱婚园午餐寺庙微未命相册景孩家族旅猴校班级夜桥街河江岛村店菜饭酒茶鱼鸟树草叶雪雨云"
    "這來國個說們為時會過學對後沒發還當無開經頭見從動兩長現將與進實點種聲話兒問機給幾業間電東關產萬體別處總場師書員華報馬張難應車親務記邊戰許覺題"
    "圖灣臺陽觀園寫畫貓鳥魚樹葉雲爺溫櫻禮館廟相簿風景影片資料夾螢擷取畢業婚宴煙火慶節橋島飯"
    "沖縄美食肉駐写真祭犬桜猿鹿島崎坂森林池川谷原浜温泉船車庭畑秋冬夏春朝昼夕夜月旅館寿司麺鍋酒茶父娘息弟妹兄姉孫紅葉式結卒運動会誕弁当京都東阪神社駅港空雪湖画像形新古祖父母友達庭"
)
_RUSSIAN = frozenset("абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґў")
_WESTERN = frozenset("àâäáãåæçèéêëìíîïñòóôöõøœùúûüýÿßšž")


def decoded_names(raw: Sequence[bytes]) -> list[str]:
    """Return the names of an archive that are not marked as UTF-8, all read in the one way that suits them best.

    Args:
        raw: the names as they stand in the archive.

    >>> decoded_names(["写真/海.jpg".encode("cp932"), "写真/富士山.jpg".encode("cp932")])
    ['写真/海.jpg', '写真/富士山.jpg']
    """
    page = code_page_of(raw)
    return [name.decode(page) for name in raw]


def code_page_of(raw: Sequence[bytes]) -> str:
    """Return the name of the code page that reads the names best: UTF-8, one of `CODE_PAGES`, or `PLAIN`."""
    foreign = [name for name in dict.fromkeys(raw) if not name.isascii()]
    if not foreign or _reads("utf-8", foreign):
        return "utf-8"
    able = [page for page in CODE_PAGES if _reads(page, foreign)]
    points = {page: _points([name.decode(page) for name in foreign[:_MOST_NAMES]], page) for page in able}
    best = max(able, key=lambda page: points[page], default=PLAIN)
    return best if points.get(best, 0.0) >= _ENOUGH else PLAIN


def _reads(page: str, names: Sequence[bytes]) -> bool:
    try:
        for name in names:
            name.decode(page)
    except UnicodeDecodeError:
        return False
    return True


def _points(names: Sequence[str], page: str) -> float:
    """Return the points for each byte that is not ASCII: 1 where all letters are common ones."""
    total, n_bytes = 0.0, 0
    for word in (word for name in names for word in re.findall(r"[^\W\d_]+|\W", name)):
        if word.isascii():
            continue
        letters = [letter for letter in word if not letter.isascii()]
        is_mixed = len(letters) < len(word)
        is_usual = word.islower() or word.isupper() or word.istitle()
        for letter in letters:
            raw = letter.encode(page)
            n_bytes += len(raw)
            total += len(raw) * _point(letter, raw, page, is_mixed=is_mixed, is_usual=is_usual, n=len(letters))
        total -= 0.5 * (sum(1 for _ in groupby(letters, _script)) - 1)
    return total / max(1, n_bytes)


def _point(letter: str, raw: bytes, page: str, *, is_mixed: bool, is_usual: bool, n: int) -> float:
    """Return the points of a letter.

    Args:
        letter: as the code page has it.
        raw: as it stands in the name.
        page: the code page.
        is_mixed: whether its word has Latin letters too. A Russian letter among them, or a single one of the East, is
            an accented letter in the wrong code page.
        is_usual: whether its word is in small letters, in capitals, or begins with one.
        n: how many letters of its word are not ASCII.
    """
    code = ord(letter)
    if is_mixed and (letter.lower() in _RUSSIAN or (n == 1 and code > 0x2E7F)):
        return -1.0
    if 0x3041 <= code <= 0x30FE:
        return 1.0
    if 0x4E00 <= code <= 0x9FFF:
        first, last = _COMMON_ROWS.get(page, (1, 0))
        return 1.0 if letter in _HAN else 0.3 if first <= raw[0] <= last and raw[1] >= 0x40 else 0.0
    if 0xAC00 <= code <= 0xD7A3:
        return 1.0 if letter in _HANGUL else -0.2
    if letter.lower() in _RUSSIAN:
        return 0.9 if is_usual else -0.3
    if letter.lower() in _WESTERN and len(raw) == 1:
        return 0.8 if is_usual and (is_mixed or n == 1) else 0.2 if is_usual else -0.4
    return -1.0


def _script(letter: str) -> str:
    code = ord(letter)
    if code >= 0xAC00:
        return "hangul"
    return "han" if code > 0x2E7F else "letters"
