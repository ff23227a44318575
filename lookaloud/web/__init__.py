"""The web service: a page for people and an interface for programs. `create_app` is in `lookaloud.web.app`.

    app.py       puts it all together
    settings.py  what the service takes and for how long
    values.py    what goes in and what comes out, also for `lookaloud.client`
    service.py   pictures to descriptions: admission, batching, voices, cancelling
    api.py       /v1/...;  jobs.py  many pictures in the background;  page.py  the page
    answers.py   how errors are told
    guard.py     who may ask;  limits.py  how much and how long;  door.py  where a browser gives the token

One request walks server.py (connection), guard.py, limits.py, api.py or page.py, service.py and lookaloud.pipeline.
"""
