"""The table of caption metrics: what each one is, what it needs, and its measure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeAlias

from eval.captions import measures
from eval.captions.inputs import Inputs, Measured
from eval.captions.measures import Measure
from eval.captions.spice import SPICE_WARNING
from eval.errors import UnknownNameError
from eval.metric import Metric

CaptionMetric: TypeAlias = Metric[Inputs, Measured]

_OWN = "the caption's own figure"
_REFERENCE_WORDS = "knows no synonyms; few references make it low"


def _bleu(order: int) -> CaptionMetric:
    return CaptionMetric(
        reads="words",
        measure=measures.bleu(order),
        default=True,
        name=f"bleu{order}",
        title=f"BLEU-{order}",
        about=f"n-grams of up to {order} words shared with a reference, and the length",
        unit="x100, 0 to 100",
        direction="higher",
        needs=("references",),
        aggregate="bleu",
        columns=f"matches of order 1 to {order}, n-grams of order 1 to {order}, length, closest reference's length",
        source="Papineni et al. 2002; equals pycocoevalcap 1.2",
        limits="a figure of the corpus, not a mean over captions; " + _REFERENCE_WORDS,
    )


def _cider(name: str, about: str, *, measure: Measure) -> CaptionMetric:
    return CaptionMetric(
        reads="words",
        measure=measure,
        name=name,
        default=name == "cider_d",
        title="CIDEr-D",
        about=about,
        unit="x100, 0 to 1000",
        direction="higher",
        needs=("references",),
        aggregate="mean",
        columns=_OWN,
        source="Vedantam et al. 2015; equals pycocoevalcap 1.2, whose Cider is CIDEr-D",
        limits="its weights come from the references that are scored, or from df; of few pictures it says little",
    )


def _distinct(name: str, title: str, about: str, *, measure: Measure) -> CaptionMetric:
    return CaptionMetric(
        reads="words",
        measure=measure,
        name=name,
        title=title,
        about=about,
        unit="percent, 0 to 100",
        direction="higher",
        needs=(),
        aggregate="percent",
        columns="share of the corpus's different n-grams, n-grams",
        source="Li et al. 2016",
        limits="falls as captions are added, so only sets of one size compare; its interval is the jackknife's",
    )


def _clip(name: str, title: str, about: str, unit: str, *, references: bool, measure: Measure) -> CaptionMetric:
    return CaptionMetric(
        measure=measure,
        name=name,
        title=title,
        about=about,
        unit=unit,
        direction="higher",
        needs=("pictures", "references") if references else ("pictures",),
        aggregate="mean",
        columns=_OWN,
        source="Hessel et al. 2021, CLIP ViT-B/32 in float32",
        limits="sees what CLIP sees: hardly counts, order or text; a caption without a word has 0; downloads 605 MB",
        reads="text",
        extra="models",
    )


def _chair(name: str, title: str, about: str, columns: str, *, measure: Measure) -> CaptionMetric:
    return CaptionMetric(
        measure=measure,
        name=name,
        title=title,
        about=about,
        unit="percent, 0 to 100",
        direction="lower",
        needs=("objects or references",),
        aggregate="percent",
        columns=columns,
        source="Rohrbach et al. 2018, with a list of words of our own",
        limits="knows COCO's 80 kinds, or the words given; saying nothing has 0; without lists of objects, what no "
        "reference mentions counts as not there",
        reads="text",
    )


TABLE: tuple[CaptionMetric, ...] = (
    *(_bleu(order) for order in (1, 2, 3, 4)),
    CaptionMetric(
        reads="words",
        name="rouge_l",
        default=True,
        title="ROUGE-L",
        about="the longest row of words in common with a reference",
        unit="x100, 0 to 100",
        direction="higher",
        needs=("references",),
        aggregate="mean",
        columns=_OWN,
        source="Lin 2004; equals pycocoevalcap 1.2",
        limits=_REFERENCE_WORDS,
        measure=measures.rouge_l,
    ),
    _cider("cider_d", "n-grams shared with the references, rare ones weighing more", measure=measures.cider_d),
    _cider("cider", "the same figure under the name that papers print", measure=measures.cider_d),
    CaptionMetric(
        name="sacrebleu",
        title="sacreBLEU",
        about="BLEU as machine translation reports it: another tokenizer, capitals kept",
        unit="x100, 0 to 100",
        direction="higher",
        needs=("references",),
        aggregate="sacrebleu",
        columns="matches of order 1 to 4, n-grams of order 1 to 4, length, closest reference's length, captions",
        source="Post 2018; the package sacrebleu, whose signature is given",
        limits="not comparable with BLEU of caption papers; " + _REFERENCE_WORDS,
        reads="text",
        extra="eval",
        measure=measures.sacrebleu,
    ),
    CaptionMetric(
        reads="words",
        name="meteor",
        title="METEOR",
        about="words shared with a reference: the same, of one stem, synonyms, paraphrases; and their order",
        unit="x100, 0 to 100",
        direction="higher",
        needs=("references", "Java"),
        aggregate="meteor",
        columns="23 counts: see eval.captions.meteor.meteor_stats",
        source="Denkowski and Lavie 2014; runs METEOR 1.5's own program, as pycocoevalcap 1.2",
        limits="English; some 10 s to start, up to 2 GB of memory",
        extra="meteor",
        measure=measures.meteor,
    ),
    CaptionMetric(
        reads="words",
        name="spice",
        warning=SPICE_WARNING,
        title="SPICE",
        about="objects, attributes and relations shared with the references",
        unit="x100, 0 to 100",
        direction="higher",
        needs=("references", "Java"),
        aggregate="ratio",
        columns="the caption's own figure, 1; zeros where it has none",
        source="Anderson et al. 2016; runs SPICE 1.0's own program",
        limits="UNVERIFIED: our tests never ran it to its end, for its parser's models are in no package; English; "
        "needs Stanford CoreNLP 3.6.0 with its models; up to 8 GB of memory",
        extra="meteor",
        measure=measures.spice,
    ),
    _clip(
        "clipscore",
        "CLIPScore",
        "how well CLIP finds that it fits the picture",
        "x100, 0 to 250",
        references=False,
        measure=measures.clipscore,
    ),
    _clip(
        "refclipscore",
        "RefCLIPScore",
        "the same, and how well it fits the most similar reference",
        "x100, 0 to 143",
        references=True,
        measure=measures.refclipscore,
    ),
    _distinct("distinct1", "Distinct-1", "different words, of all words of all captions", measure=measures.distinct(1)),
    _distinct(
        "distinct2",
        "Distinct-2",
        "different pairs of words, of all pairs of all captions",
        measure=measures.distinct(2),
    ),
    _distinct(
        "ttr", "Type-token ratio", "the same figure as distinct1 under its older name", measure=measures.distinct(1)
    ),
    CaptionMetric(
        reads="words",
        name="mattr",
        partial=True,  # no window begins in the last captions
        title="Moving-average type-token ratio",
        about="different words, of each 50 in a row",
        unit="percent, 0 to 100",
        direction="higher",
        needs=(),
        aggregate="percent",
        columns="sum of the windows' ratios, windows that begin in the caption",
        source="Covington and McFall 2010",
        limits="50 words or more; captions are joined in the order of their ids",
        measure=measures.mattr,
    ),
    CaptionMetric(
        reads="words",
        name="vocabulary",
        title="Vocabulary",
        about="how many different words all captions have",
        unit="words, 0 or more",
        direction="neither",
        needs=(),
        aggregate="mean",
        columns="jackknife values whose mean is the figure",
        source="a count",
        limits="grows as captions are added, so only sets of one size compare; its interval is the jackknife's",
        measure=measures.vocabulary,
    ),
    CaptionMetric(
        reads="words",
        name="length",
        title="Length",
        about="words of a caption",
        unit="words, 0 or more",
        direction="neither",
        needs=(),
        aggregate="mean",
        columns=_OWN,
        source="a count",
        limits="depends on the tokenizer",
        measure=measures.length,
    ),
    CaptionMetric(
        reads="words",
        name="repetition",
        title="Repetition",
        about="pairs of words that the caption already had, of all pairs",
        unit="percent, 0 to 100",
        direction="lower",
        needs=(),
        aggregate="percent",
        columns="repeated pairs, pairs",
        source="after Welleck et al. 2020, with pairs",
        limits="captions of one word have none",
        measure=measures.repetition,
    ),
    _chair(
        "chair_i",
        "CHAIRi",
        "objects named that are not in the picture, of all objects named",
        "not there, named",
        measure=measures.chair_i,
    ),
    _chair(
        "chair_s",
        "CHAIRs",
        "captions that name an object that is not in the picture",
        "1 where one is not there, 1",
        measure=measures.chair_s,
    ),
)

METRICS: Mapping[str, CaptionMetric] = MappingProxyType({metric.name: metric for metric in TABLE})
DEFAULT_METRICS: tuple[str, ...] = tuple(metric.name for metric in TABLE if metric.default)


def list_metrics() -> tuple[CaptionMetric, ...]:
    """Return all caption metrics, in the order in which reports show them.

    Example:
        >>> list_metrics()[0].name
        'bleu1'
    """
    return TABLE


def get_metric(name: str) -> CaptionMetric:
    """Return the metric of that name.

    Raises:
        UnknownNameError: there is none; the message lists the names.
    """
    try:
        return METRICS[name]
    except KeyError:
        raise UnknownNameError(f"No metric is called {name!r}; choose from: {', '.join(METRICS)}.") from None
