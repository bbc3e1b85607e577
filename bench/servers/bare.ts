import type { AddressInfo } from "node:net";
import express from "express";
import fastify from "fastify";
import { answer, type Contestant, SESSIONS } from "./work.ts";

/** As long as a session's cookie, and ignored. */
const cookies = Array.from({ length: SESSIONS }, (_, index) => `sid=${String(index).padStart(50, "0")}`);

export async function bareExpress(): Promise<Contestant> {
  const app = express();
  app.get("/", (_request, response) => {
    response.json(answer("user-1", "User 1"));
  });
  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return { port: (server.address() as AddressInfo).port, cookies };
}

export async function bareFastify(): Promise<Contestant> {
  const app = fastify();
  app.get("/", async () => answer("user-1", "User 1"));
  await app.listen({ port: 0, host: "127.0.0.1" });
  return { port: (app.server.address() as AddressInfo).port, cookies };
}
