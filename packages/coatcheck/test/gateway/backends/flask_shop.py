"""A shop in Flask with Flask-WTF, for the tests of the gateway: a login, and a cart in the session, which is a cookie."""

import secrets
import sys
import time

import itsdangerous
from flask import Flask, redirect, request, session
from flask_wtf.csrf import CSRFProtect, generate_csrf
from werkzeug.serving import WSGIRequestHandler, make_server

app = Flask(__name__)
app.secret_key = secrets.token_hex(16)
CSRFProtect(app)
# Seconds that the clock of the tokens is ahead.
ahead = 0
itsdangerous.TimestampSigner.get_timestamp = lambda self: int(time.time()) + ahead


def page(text):
    form = f'<form method="post"><input type="hidden" name="csrf_token" value="{generate_csrf()}"></form>'
    return f"<!doctype html><title>Shop</title><output>{text}</output>{form}"


@app.get("/login/")
def login_page():
    return page("log in")


@app.post("/login/")
def login():
    # Against session fixation. It also forgets the secret of the tokens.
    session.clear()
    session["user"] = request.form["user"]
    return redirect("/cart/")


@app.route("/cart/", methods=["GET", "POST"])
def cart():
    if "user" not in session:
        return redirect("/login/?next=/cart/")
    items = session.setdefault("cart", [])
    if request.method == "POST":
        items.append(request.form["item"])
        session.modified = True
    return page(",".join(items))


@app.post("/renew/")
def renew():
    kept = {name: session[name] for name in ("user", "cart") if name in session}
    session.clear()
    session.update(kept)
    return "renewed"


@app.get("/control/<action>")
def control(action):
    global ahead
    if action == "forget":
        app.secret_key = secrets.token_hex(16)
    if action == "outdate":
        # Flask-WTF accepts a token for one hour.
        ahead += 7200
    return "done"


class Handler(WSGIRequestHandler):
    def log(self, *_):
        pass


make_server("127.0.0.1", int(sys.argv[1]), app, threaded=True, request_handler=Handler).serve_forever()
