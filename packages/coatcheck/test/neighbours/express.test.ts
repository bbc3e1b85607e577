import express from "express";
import express4 from "express4";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { coatcheck, sessionOf } from "../../src/http/express.ts";
import { CoatcheckError } from "../../src/session/errors.ts";
import { createManager, startListening } from "./fixtures.ts";

// Silences Express, which logs each error that reaches its default handler.
beforeAll(() => void vi.spyOn(console, "error").mockImplementation(() => {}));
afterAll(() => void vi.restoreAllMocks());

const versions = { "Express 5": express, "Express 4": express4 };

it.each(Object.entries(versions))(
  "%s: the default error handler responds with the error's status",
  async (_name, make) => {
    const app = make();
    app.set("env", "production");
    app.use(coatcheck(createManager()));
    app.get("/account", (request, _response, next) => {
      Promise.resolve(sessionOf(request).requireSubject()).then(() => next(), next);
    });
    app.get("/outage", (_request, _response, next) => {
      next(new CoatcheckError("STORE_UNAVAILABLE", "try again", { cause: new Error("password=secret") }));
    });
    const url = await startListening(app);
    const refused = await fetch(`${url}/account`);
    expect([refused.status, await refused.text()]).toEqual([401, expect.stringContaining("Unauthorized")]);
    const outage = await fetch(`${url}/outage`);
    expect(outage.status).toBe(503);
    expect(await outage.text()).not.toContain("secret");
  },
);

it("Express middleware can set status and statusCode of a CoatcheckError", async () => {
  const app = express();
  app.use(coatcheck(createManager()));
  app.get("/", async (request) => void (await sessionOf(request).requireSubject()));
  app.use(((error, _request, response, _next) => {
    error.status = error.statusCode = 404; // Hides that the page exists.
    response.status(error.status).json({ message: error.message });
  }) satisfies express.ErrorRequestHandler);
  expect((await fetch(await startListening(app))).status).toBe(404);
});
