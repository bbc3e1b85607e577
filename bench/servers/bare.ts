import type { AddressInfo } from "node:net";
import express from "express";
import fastify from "fastify";
import { responseBody, type ServerUnderTest } from "./workload.ts";

/*
 * Servers without sessions, one per framework. They have the same login route and the same kind of handler as the other
 * servers, so the difference in CPU time is the cost of the session library.
 */

/** Returns a cookie of the same length as a session cookie. The server ignores it. */
function cookieOf(index: string): string {
  return `sid=${index.padStart(50, "0")}; Path=/; HttpOnly; SameSite=Lax`;
}

export async function bareExpress(): Promise<ServerUnderTest> {
  const app = express();
  app.post("/login/:index", (request, response) => {
    response.setHeader("set-cookie", cookieOf(request.params.index)).end();
  });
  app.get("/", async (_request, response) => {
    response.json(responseBody("user-1", "User 1"));
  });
  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return { port: (server.address() as AddressInfo).port };
}

export async function bareFastify(): Promise<ServerUnderTest> {
  const app = fastify();
  app.post<{ Params: { index: string } }>("/login/:index", async (request, reply) => {
    reply.header("set-cookie", cookieOf(request.params.index));
    return {};
  });
  app.get("/", async () => responseBody("user-1", "User 1"));
  await app.listen({ port: 0, host: "127.0.0.1" });
  return { port: (app.server.address() as AddressInfo).port };
}
