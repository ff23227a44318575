"""Evaluation of captions and of speech.

Import names from the modules (`from eval.captions import score_captions`) and never the package
itself: `import eval` would hide Python's builtin of that name.

    eval.captions                  score_captions: BLEU-1..4, ROUGE-L, CIDEr-D
    eval.speech.intelligibility    transcribe, word_error_rate
    eval.speech.normalizer         spoken_words: text as the word error rate compares it
    eval.data                      load_karpathy, load_jsonl
    eval.score                     Score, what every metric returns
    eval.tokens                    the named tokenizers
    eval.errors                    what can go wrong
"""
