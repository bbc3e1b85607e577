import express from "express";
import { Passport } from "passport";
import { Strategy } from "passport-local";
import { expect, it } from "vitest";
import { coatcheck, sessionErrors, sessionOf } from "../../src/http/express.ts";
import { cookieHeader, createManager, startListening } from "./fixtures.ts";

function createPassport() {
  const passport = new Passport();
  passport.use(
    new Strategy((username, password, done) => {
      done(null, password === "secret" ? { id: username } : false);
    }),
  );
  passport.serializeUser((user, done) => done(null, (user as { id: string }).id));
  passport.deserializeUser((id, done) => done(null, { id }));
  return passport;
}

/** Creates an app in which Passport checks the credentials and Coatcheck stores the login. */
function createApp() {
  const passport = createPassport();
  const app = express();
  app.use(express.urlencoded(), coatcheck(createManager()), passport.initialize());
  app.use(async (request, _response, next) => {
    const { subject } = await sessionOf(request).load();
    if (subject !== null) request.user = { id: subject };
    next();
  });
  app.post("/login", passport.authenticate("local", { session: false }), async (request, response) => {
    const { id } = request.user as { id: string };
    await (await sessionOf(request).load()).authenticate(id);
    response.redirect("/account");
  });
  app.get("/account", (request, response) => {
    response.json({ user: request.user ?? null, isAuthenticated: request.isAuthenticated() });
  });
  app.use(sessionErrors());
  return app;
}

const form = (password: string, headers = {}) => ({
  method: "POST",
  redirect: "manual" as const,
  body: new URLSearchParams({ username: "ada", password }),
  headers,
});

it("Passport checks the credentials of a login and Coatcheck stores the login", async () => {
  const url = await startListening(createApp());
  const login = await fetch(`${url}/login`, form("secret"));
  expect([login.status, login.headers.get("location")]).toEqual([302, "/account"]);
  const token = /__Host-sid=([^;]+)/.exec(login.headers.get("set-cookie") ?? "")?.[1] ?? "";
  const account = await fetch(`${url}/account`, { headers: { cookie: cookieHeader(token) } });
  expect(await account.json()).toEqual({ user: { id: "ada" }, isAuthenticated: true });
});

it("a login that Passport rejects creates no session", async () => {
  const url = await startListening(createApp());
  const login = await fetch(`${url}/login`, form("wrong"));
  expect([login.status, login.headers.get("set-cookie")]).toEqual([401, null]);
});

it("passport.session() finds no user of its own in Coatcheck's session, and continues without an error", async () => {
  const passport = createPassport();
  const app = express().use(coatcheck(createManager()), passport.initialize(), passport.session());
  app.get("/", (request, response) => void response.json({ isAuthenticated: request.isAuthenticated() }));
  expect(await (await fetch(await startListening(app))).json()).toEqual({ isAuthenticated: false });
});

it("passport.authenticate() fails without the option `session: false`, because Passport cannot store its own login", async () => {
  const passport = createPassport();
  const app = express().use(express.urlencoded(), coatcheck(createManager()), passport.initialize());
  app.post("/login", passport.authenticate("local"), (_request, response) => void response.send("in"));
  const errors: unknown[] = [];
  app.use(((error, _request, response, _next) => {
    errors.push(error);
    response.status(500).end();
  }) satisfies express.ErrorRequestHandler);
  expect((await fetch(`${await startListening(app)}/login`, form("secret"))).status).toBe(500);
  expect(String(errors[0])).toContain("regenerate");
});
