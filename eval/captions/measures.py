"""How each caption metric is computed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from eval.captions import diversity, rouge
from eval.captions.bleu import bleu_from_stats, orders_up_to
from eval.captions.chair import ObjectWords, chair_stats, coco_words
from eval.captions.cider import CiderD
from eval.captions.inputs import Inputs, Measured
from eval.captions.sacre import sacrebleu_stats

_LIKE = {"like": "pycocoevalcap-1.2"}
Measure = Callable[[Inputs], Measured]


def bleu(order: int) -> Measure:
    def measure(inputs: Inputs) -> Measured:
        stats = orders_up_to(order, inputs.bleu_rows)
        details = {"reference_length": "closest", "smoothing": "epsilon", **_LIKE}
        return Measured(stats, details, 100.0 * float(bleu_from_stats(stats)[-1]))

    return measure


def rouge_l(inputs: Inputs) -> Measured:
    rows = [[100.0 * rouge.rouge_l(tokens, inputs.reference_tokens[name])] for name, tokens in inputs.tokens.items()]
    return Measured(np.array(rows), {"beta": "1.2", **_LIKE})


def sacrebleu(inputs: Inputs) -> Measured:
    stats, value, signature = sacrebleu_stats(inputs.captions, inputs.references)
    return Measured(stats, {"sacrebleu": signature.replace("|", " ")}, value)


def cider_d(inputs: Inputs) -> Measured:
    if inputs.frequencies is None and len(inputs.captions) > 1:
        figures, df = inputs.corpus.cider_d(), "references"
    else:  # which also says what is wrong with a single item
        scorer = CiderD(inputs.reference_tokens, frequencies=inputs.frequencies)
        figures = scorer.score(inputs.tokens)
        df = "" if inputs.frequencies is None else f"{inputs.frequencies.name}-{inputs.frequencies.n_images}"
    return Measured(100.0 * figures[:, None], {"sigma": "6", "df": df, **_LIKE})


def meteor(inputs: Inputs) -> Measured:
    from eval.captions.meteor import meteor_stats

    captions = _with_progress(inputs.tokens.items(), len(inputs.tokens), inputs.progress)
    stats = meteor_stats(captions, inputs.reference_tokens)
    return Measured(stats, {"backend": "meteor-1.5.jar", "language": "en", **_LIKE})


def spice(inputs: Inputs) -> Measured:
    from eval.captions.spice import spice_figures

    figures = spice_figures(inputs.tokens, inputs.reference_tokens)
    defined = np.isfinite(figures)
    rows = np.stack([100.0 * np.where(defined, figures, 0.0), defined.astype(np.float64)], axis=1)
    return Measured(rows, {"backend": "spice-1.0.jar", "parser": "corenlp-3.6.0", "verified": "no"})


def clipscore(inputs: Inputs) -> Measured:
    return _clip(inputs, 100.0 * inputs.clip_similarities.clip_score())


def refclipscore(inputs: Inputs) -> Measured:
    return _clip(inputs, 100.0 * inputs.clip_similarities.ref_clip_score())


def _clip(inputs: Inputs, figures: np.ndarray) -> Measured:
    return Measured(figures[:, None], {"model": inputs.clip.label, "prompt": "a-photo-depicts", "weight": "2.5"})


def distinct(order: int) -> Measure:
    return lambda inputs: Measured(diversity.distinct_stats(inputs.tokens, order), {"interval": "jackknife"})


def vocabulary(inputs: Inputs) -> Measured:
    return Measured(diversity.vocabulary_stats(inputs.tokens), {"interval": "jackknife"})


def mattr(inputs: Inputs) -> Measured:
    return Measured(diversity.mattr_stats(inputs.tokens), {"window": str(diversity.MATTR_WINDOW)})


def length(inputs: Inputs) -> Measured:
    return Measured(diversity.length_stats(inputs.tokens))


def repetition(inputs: Inputs) -> Measured:
    return Measured(diversity.repetition_stats(inputs.tokens), {"ngrams": "2"})


def chair_i(inputs: Inputs) -> Measured:
    return _chair(inputs, per_caption=False)


def chair_s(inputs: Inputs) -> Measured:
    return _chair(inputs, per_caption=True)


def _chair(inputs: Inputs, *, per_caption: bool) -> Measured:
    words = coco_words() if inputs.synonyms is None else ObjectWords.of(inputs.synonyms)
    stats = chair_stats(inputs.captions, inputs.given_references, inputs.objects, words=words)
    if per_caption:
        stats = np.stack([(stats[:, 0] > 0).astype(np.float64), np.ones(len(stats))], axis=1)
    truth = [] if inputs.objects is None else ["objects"]
    truth += [] if inputs.given_references is None else ["references"]
    return Measured(stats, {"words": words.name, "truth": "+".join(truth)})


def _with_progress(
    items: Iterable[tuple[str, list[str]]], total: int, progress: bool
) -> Iterable[tuple[str, list[str]]]:
    if not progress:
        return items
    from tqdm import tqdm

    return tqdm(items, total=total, desc="METEOR", unit="caption", disable=None)  # None: only on a terminal
