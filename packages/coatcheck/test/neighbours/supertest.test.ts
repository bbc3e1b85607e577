import express from "express";
import request from "supertest";
import { expect, it } from "vitest";
import { coatcheck, requireSubject, sessionErrors, sessionOf } from "../../src/http/express.ts";
import { createManager } from "./fixtures.ts";

/** Creates an app whose cookie is not Secure, because supertest sends requests over http and ignores Secure cookies. */
function createApp() {
  const app = express();
  app.use(coatcheck(createManager(), { cookie: { secure: false } }));
  app.post("/login", async (request, response) => {
    const session = await sessionOf(request).load();
    await session.authenticate("ada");
    response.json(session);
  });
  app.get("/account", requireSubject(), async (request, response) => {
    response.json({ subject: (await sessionOf(request).load()).subject });
  });
  app.post("/logout", async (request, response) => {
    await (await sessionOf(request).load()).revoke();
    response.status(204).end();
  });
  app.use(sessionErrors());
  return app;
}

it("supertest's agent keeps a session from login to logout", async () => {
  const agent = request.agent(createApp());
  await agent.get("/account").expect(401);
  await agent.post("/login").expect(200);
  await agent.get("/account").expect(200, { subject: "ada" });
  await agent.post("/logout").expect(204);
  await agent.get("/account").expect(401);
});

it("a session handle that an app sends to supertest as JSON contains none of the session's secrets", async () => {
  const { body } = await request(createApp()).post("/login").expect(200);
  expect(body).toEqual({
    id: expect.any(String),
    state: "active",
    type: "authenticated",
    subject: "ada",
    tenant: null,
    data: {},
  });
});
