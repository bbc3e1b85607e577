"""A shop in Django, for the tests of the gateway: a login, and a cart in the session. CSRF is Django's own."""

import sys
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.conf import settings

settings.configure(
    SECRET_KEY="a key of these tests only",
    ALLOWED_HOSTS=["shop.example"],
    ROOT_URLCONF=__name__,
    CSRF_USE_SESSIONS="use-sessions" in sys.argv,
    CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 100000}}},
    SESSION_ENGINE="django.contrib.sessions.backends.cache",
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
    ],
)

import django
from django.core.cache import cache
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse, HttpResponseRedirect
from django.middleware.csrf import get_token, rotate_token
from django.urls import path
from django.utils.crypto import get_random_string

django.setup()


def page(request, text):
    token = get_token(request)
    form = f'<form method="post"><input type="hidden" name="csrfmiddlewaretoken" value="{token}"></form>'
    return HttpResponse(f"<!doctype html><title>Shop</title><output>{text}</output>{form}")


def login(request):
    if request.method == "GET":
        return page(request, "log in")
    request.session.cycle_key()
    request.session["user"] = request.POST["user"]
    rotate_token(request)
    return HttpResponseRedirect("/cart/")


def cart(request):
    if "user" not in request.session:
        return HttpResponseRedirect("/login/?next=/cart/")
    items = request.session.setdefault("cart", [])
    if request.method == "POST":
        items.append(request.POST["item"])
        request.session.modified = True
    return page(request, ",".join(items))


def renew(request):
    request.session.cycle_key()
    return page(request, "renewed")


def control(request, action):
    if action == "forget":
        cache.clear()
    if action == "outdate":
        # Replaces the secret that the tokens of each session are made from, as a login in another tab does.
        for key in list(cache._cache):
            name = key.split(":", 2)[2]
            session = cache.get(name)
            if isinstance(session, dict) and "_csrftoken" in session:
                cache.set(name, {**session, "_csrftoken": get_random_string(32)})
    return HttpResponse("done")


urlpatterns = [
    path("login/", login),
    path("cart/", cart),
    path("renew/", renew),
    path("control/<action>", control),
]


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True
    request_queue_size = 128


class Handler(WSGIRequestHandler):
    def log_message(self, *_):
        pass


make_server("127.0.0.1", int(sys.argv[1]), get_wsgi_application(), Server, Handler).serve_forever()
