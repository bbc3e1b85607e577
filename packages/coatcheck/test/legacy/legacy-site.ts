import { once } from "node:events";
import { createServer } from "node:http";
import express from "express";
import session, { type MemoryStore } from "express-session";
import { findCookieValue, sendRequest, toSite } from "./site-fixtures.ts";

declare module "express-session" {
  interface SessionData {
    user?: string;
    cart?: Record<string, number>;
  }
}

/** The secrets of the legacy site, newest first. */
export const LEGACY_SECRETS = [
  "the newer secret of the old site",
  "the previous secret of the old site",
] as const;

const DAY = 24 * 60 * 60 * 1000;

/**
 * Logs `user` in at a real legacy site, and returns the session cookie that the site sets.
 *
 * @param maxAge the lifetime of the cookie in milliseconds; null if it ends when the browser closes.
 */
export async function logInAtLegacySite(
  store: MemoryStore,
  user: string,
  secret: string = LEGACY_SECRETS[0],
  maxAge: number | null = 30 * DAY,
): Promise<string> {
  const app = express();
  app.use(
    session({
      secret,
      store,
      resave: false,
      saveUninitialized: false,
      cookie: maxAge === null ? {} : { maxAge },
    }),
  );
  app.get("/login", (request, response) => {
    request.session.user = user;
    request.session.cart = { taco: 2 };
    response.end();
  });
  const server = createServer(app).listen(0, "127.0.0.1");
  await once(server, "listening");
  const site = toSite(server);
  const response = await sendRequest(site, "/login", {});
  await site.close();
  return findCookieValue("connect.sid", response) ?? "";
}
