"""The insight page in a server: signing in with a key of the scope admin, and out. Draws and counts nothing.

Also on this machine a key is needed: what shoppers typed is for the owner, and here any program could ask.
"""

from urllib.parse import parse_qs

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from behavior.recorder import log_folder
from core.settings import Settings
from ui.insight.counting import Counts
from ui.insight.page import WINDOWS, Keeping, insight_page, policy, sign_in_page
from ui.insight.sessions import LASTS_S, Sessions
from ui.serving.keys import Keyring, key_file, read_keys

PATH = "/insight"
COOKIE = "aisle_insight"
USUAL = 30  # days


def routes(settings: Settings, keyring: Keyring) -> APIRouter:
    """The routes of the insight page of these settings' log."""
    sessions, counts = Sessions(), Counts(log_folder(settings))
    keeping = Keeping(logs=settings.behavior, folder=str(log_folder(settings)), days=settings.behavior_days)
    router = APIRouter(prefix=PATH, include_in_schema=False)

    def is_signed_in(request: Request) -> bool:
        """Whether the session's key is still one for the owner: a key that was removed counts no more."""
        owner = sessions.owner(request.cookies.get(COOKIE, ""))
        return owner is not None and any(
            key.owner == owner and "admin" in key.scopes for key in read_keys(key_file(settings))
        )

    @router.get("")
    async def show(request: Request) -> Response:
        if not is_signed_in(request):
            return _html(sign_in_page(refused=False, keyless=not keyring.exists))
        return _html(insight_page(await counts.of(_days(request)), keeping))

    @router.post("")
    async def sign_in(request: Request) -> Response:
        """With one answer for all keys that do not open this, whatever else they open."""
        fields = parse_qs((await request.body()).decode("latin-1"))
        key = keyring.find(fields.get("key", [""])[0].strip())
        if key is None or "admin" not in key.scopes:
            return _html(sign_in_page(refused=True, keyless=not keyring.exists), 403)
        sessions.end(request.cookies.get(COOKIE, ""))
        response = RedirectResponse(f"{PATH}?days={_days(request)}", 303)
        response.set_cookie(
            COOKIE,
            sessions.begin(key.owner),
            max_age=LASTS_S,
            path=PATH,
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return response

    @router.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        response = RedirectResponse(PATH, 303)
        if COOKIE in request.cookies:  # another site's form comes without it, and signs nobody out
            sessions.end(request.cookies[COOKIE])
            response.delete_cookie(COOKIE, path=PATH, httponly=True, samesite="strict")
        return response

    return router


def _days(request: Request) -> int:
    """How many days were asked for; anything else is the usual."""
    asked = request.query_params.get("days")
    return next((days for days in WINDOWS if str(days) == asked), USUAL)


def _html(text: str, status: int = 200) -> Response:
    headers = {
        "content-security-policy": policy(),
        "cache-control": "no-store",
        "x-frame-options": "DENY",  # the policy says it too, to browsers that listen
    }
    return HTMLResponse(text, status, headers)
