"""Evaluation of captions and of speech.

Import names from the modules (`from eval.captions import score_captions`) and never the package
itself: `import eval` would hide Python's builtin of that name.

    eval.suite         evaluate_captions, evaluate_speech, compare_results: what `lookaloud eval` does
    eval.loop          score_loop: pictures -> captions -> speech -> transcript
    eval.report        write_report: one accessible HTML file
    eval.results       Evaluation, and how one is kept and read again

    eval.captions      score_captions: caption metrics by name
    eval.speech        score_speech: speech metrics by name; listening tests
    eval.stats         with_intervals, compare: bootstrap intervals and two tests
    eval.data          load_captioned, load_candidates: datasets by the content of their files
    eval.score         Score, what every metric returns
    eval.aggregates    how a figure follows from statistics of items
    eval.tables        figures in plain words
    eval.tokens        the named tokenizers
    eval.errors        what can go wrong
    eval.testing       a captioner, a voice and a recognizer without networks
"""
