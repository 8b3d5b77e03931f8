"""The demo application's HTTP API and page.

As in the demo, GET / and /location/metadata do not ask the database, so the pod stays Ready while it is down, and a
high score that could not be stored is answered with status 200 and rs: "error". What cannot be read from the database
is answered with status 500, within the time that the driver looks for a server (2 s).
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from aiohttp import web
from pymongo.errors import PyMongoError

from kubelab.images.pacman import forms
from kubelab.images.pacman.scores import Scores
from kubelab.images.pacman.settings import Settings

log = logging.getLogger("pacman")
PAGE = Path(__file__).with_name("page.html")
SCORES = web.AppKey("scores", Scores)
SETTINGS = web.AppKey("settings", Settings)
routes = web.RouteTableDef()
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def application(settings: Settings) -> web.Application:
    """The application for one database."""
    app = web.Application(client_max_size=64 * 1024, middlewares=[answer_errors])
    app[SETTINGS] = settings
    app.add_routes(routes)
    app.on_startup.append(_open)
    app.on_cleanup.append(_close)
    return app


async def _open(app: web.Application) -> None:
    app[SCORES] = Scores(app[SETTINGS])


async def _close(app: web.Application) -> None:
    await app[SCORES].close()


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Bad forms are 400; a database that does not answer is 500, which is what the demo's framework makes of it."""
    try:
        return await handler(request)
    except forms.BadForm as error:
        return web.json_response({"rs": "error", "error": str(error)}, status=400)
    except PyMongoError as error:
        log.warning("%s %s: %s", request.method, request.path, _brief(error))
        return web.json_response({"error": "the database does not answer"}, status=500)


@routes.get("/")
async def page(_request: web.Request) -> web.FileResponse:
    """The page; static."""
    return web.FileResponse(PAGE, headers={"Cache-Control": "no-cache"})


@routes.post("/highscores")
async def add_score(request: web.Request) -> web.Response:
    """Store a high score; answers with what was sent, and whether it is stored (rs)."""
    form = await _form(request)
    score = forms.high_score(form)
    visitor = {
        "referer": request.headers.get("Referer", ""),
        "user_agent": request.headers.get("User-Agent", ""),
        "hostname": request.host.partition(":")[0],
        "ip_addr": request.remote or "",
    }
    outcome = "success"
    try:
        await request.app[SCORES].add(score | visitor)
    except PyMongoError as error:
        log.warning("POST /highscores: not stored: %s", _brief(error))
        outcome = "error"
    return web.json_response({key: form.get(key) for key in ("name", "zone", "score", "level")} | {"rs": outcome})


@routes.get("/highscores/list")
async def list_scores(request: web.Request) -> web.Response:
    """The ten highest scores."""
    return _fresh(await request.app[SCORES].best())


@routes.get("/user/id")
async def user_id(request: web.Request) -> web.Response:
    """A new player's id."""
    return _fresh(await request.app[SCORES].new_user())


@routes.post("/user/stats")
async def save_statistics(request: web.Request) -> web.Response:
    """Keep a player's state of play."""
    form = await _form(request)
    user = forms.text(form, "userId", required=True)
    try:
        kept = await request.app[SCORES].save_statistics(user, forms.statistics(form))
    except PyMongoError as error:
        log.warning("POST /user/stats: not stored: %s", _brief(error))
        kept = False
    return web.json_response({"rs": "success" if kept else "error"})


@routes.get("/user/stats")
async def list_statistics(request: web.Request) -> web.Response:
    """The state of play of every player."""
    return _fresh(await request.app[SCORES].statistics())


@routes.get("/location/metadata")
async def location(request: web.Request) -> web.Response:
    """Where the application runs. Cloud and zone are unknown: nobody tells it, and it asks nobody."""
    return _fresh({"cloud": "unknown", "zone": "unknown", "host": request.app[SETTINGS].host})


async def _form(request: web.Request) -> Mapping[str, object]:
    """The form in a request's body; BadForm when it cannot be read as one."""
    try:
        return await request.post()
    except (ValueError, LookupError) as error:
        raise forms.BadForm(f"the body is not a form: {error}") from None


def _fresh(value: object) -> web.Response:
    return web.json_response(value, headers={"Cache-Control": "no-store"})


def _brief(error: PyMongoError) -> str:
    """The first line of an error, without pymongo's description of the whole topology."""
    return f"{type(error).__name__}: {str(error).splitlines()[0].split(' (configured timeouts')[0][:200]}"
