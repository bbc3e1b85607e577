import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { pino } from "pino";
import { expect, test } from "vitest";
import { limitConnections } from "../src/connection-limit.ts";
import { buildObservedApp } from "./observed-app.ts";

test("connections that exceed the limit of open files are rejected, and logged at most once a minute", async () => {
  const logged: { level: number; msg: string; maxConnections: number }[] = [];
  const server = createServer();
  limitConnections(server, pino({}, { write: (line) => logged.push(JSON.parse(line)) }), 65);
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const first = connect(port, "127.0.0.1");
  await once(first, "connect");
  for (let count = 0; count < 3; count++) {
    const rejected = connect(port, "127.0.0.1").on("error", () => {});
    await once(rejected, "close");
  }
  expect(logged).toMatchObject([{ level: 50, maxConnections: 1, msg: expect.stringContaining("ulimit -n") }]);
  first.destroy();
  server.close();
});

test("connections are not limited if the limit of open files is unknown", () => {
  const server = createServer();
  limitConnections(server, pino({ level: "silent" }), null);
  expect(server.maxConnections).toBeUndefined();
});

test("a client has 30 seconds to send its headers and its body", async () => {
  const { app, close } = await buildObservedApp();
  expect([app.server.headersTimeout, app.server.requestTimeout]).toEqual([30_000, 30_000]);
  await close();
});
