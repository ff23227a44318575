"""The web service: a page for people and an interface for programs. `create_app` is in `lookaloud.web.app`.

    app.py       puts it all together
    settings.py  what the service takes and for how long
    values.py    what goes in and what comes out, also for `lookaloud.client`
    service.py   pictures to descriptions: admission, batching, voices, cancelling
    decoders.py  the processes that decode uploads
    api.py       /v1/...;  jobs.py  many pictures in the background;  page.py  the page
    speaking.py  what OpenAI's programs ask for;  sounds.py  speech as a file that is sent while it is made
    bodies.py    what a body holds;  streaming.py, gone.py  clients that read slowly, or go away
    answers.py   how errors are told
    operations.py, schemas.py, examples.py  the OpenAPI description
    guard.py     who may ask;  guesses.py  wrong tokens by address;  small_pages.py  where a browser gives the token
    request_limits.py    how much and how long;  heads.py  HEAD

One request walks server.py (connection), guard.py, request_limits.py, api.py or page.py, service.py and describe/
"""
