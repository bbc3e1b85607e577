import fastify from "fastify";
import { expect, it, onTestFinished } from "vitest";
import { coatcheck, sessionOf } from "../../src/http/fastify.ts";
import { createManager } from "./fixtures.ts";

it("Fastify's default error handler responds with the status and code of a CoatcheckError", async () => {
  const app = fastify();
  onTestFinished(() => app.close());
  await app.register(coatcheck(createManager()));
  app.get("/account", async (request) => ({ subject: (await sessionOf(request).requireSubject()).subject }));
  const url = await app.listen({ port: 0, host: "127.0.0.1" });
  const refused = await fetch(`${url}/account`);
  expect([refused.status, await refused.json()]).toEqual([
    401,
    { statusCode: 401, code: "SESSION_REQUIRED", error: "Unauthorized", message: "Log in first." },
  ]);
});
