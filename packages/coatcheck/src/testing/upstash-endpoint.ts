/**
 * A local server with Upstash's REST API, backed by a real Redis, for tests of code that uses Upstash.
 *
 * @example
 * import { connectRedis } from "coatcheck/store/redis";
 * import { serveUpstash } from "coatcheck/testing/upstash-endpoint";
 *
 * const redis = await connectRedis("redis://127.0.0.1:6379");
 * const endpoint = await serveUpstash({ redis, token: "a token for tests" });
 * const response = await fetch(endpoint.url, {
 *   method: "POST",
 *   headers: { authorization: "Bearer a token for tests" },
 *   body: JSON.stringify(["PING"]),
 * });
 * console.log(await response.json()); // { result: "PONG" }
 * await endpoint.close();
 * await redis.close();
 *
 * @module
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { CoatcheckError } from "../session/errors.ts";
import type { RedisTransport } from "../store/redis/transport.ts";

/** A running server with Upstash's REST API. */
export interface UpstashEndpoint {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  close(): Promise<void>;
}

/** Options of {@link serveUpstash}. */
export interface UpstashEndpointOptions {
  /** The Redis that runs the commands. Closing the endpoint does not close it. */
  readonly redis: RedisTransport;
  /** The token that every request must send as `Authorization: Bearer`. */
  readonly token: string;
}

type Command = readonly string[];
type Encode = (value: unknown) => unknown;
type Result = { readonly result: unknown } | { readonly error: string };

/**
 * Serves Upstash's REST API over a real Redis, on a free port of the loopback interface, to test Upstash clients
 * without the service. It supports a single command (`/`), a pipeline (`/pipeline`), a transaction (`/multi-exec`), and
 * base64 responses for requests with `Upstash-Encoding: base64`.
 *
 * It does not support commands in the path, subscriptions, or regions.
 */
export async function serveUpstash({ redis, token }: UpstashEndpointOptions): Promise<UpstashEndpoint> {
  const server = createServer((request, response) => {
    respondToRequest(request, redis, token).then(
      ({ status, body }) => sendJson(response, status, body),
      () => sendJson(response, 500, { error: "ERR internal error" }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}

async function respondToRequest(
  request: IncomingMessage,
  redis: RedisTransport,
  token: string,
): Promise<{ status: number; body: unknown }> {
  if (!isAuthorized(request.headers.authorization, token)) {
    return { status: 401, body: { error: "WRONGPASS invalid or missing auth token" } };
  }
  const body: unknown = request.method === "POST" ? await json(request).catch(() => undefined) : undefined;
  const encode = request.headers["upstash-encoding"] === "base64" ? encodeBase64 : (value: unknown) => value;
  switch (request.url) {
    case "/": {
      const command = commandOf(body);
      if (!command) return malformedResponse;
      const result = await runCommand(redis, command, encode);
      return { status: "error" in result ? 400 : 200, body: result };
    }
    case "/pipeline": {
      const commands = commandsOf(body);
      if (!commands) return malformedResponse;
      return {
        status: 200,
        body: await Promise.all(commands.map((command) => runCommand(redis, command, encode))),
      };
    }
    case "/multi-exec": {
      const commands = commandsOf(body);
      return commands ? await runTransaction(redis, commands, encode) : malformedResponse;
    }
    default:
      return { status: 404, body: { error: "ERR path not found" } };
  }
}

const malformedResponse = { status: 400, body: { error: "ERR failed to parse command" } };

function isAuthorized(header: string | undefined, token: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(header ?? ""), digest(`Bearer ${token}`));
}

/** Converts numbers and booleans to strings, because clients send them as JSON values. */
function commandOf(body: unknown): Command | null {
  const isCommand = Array.isArray(body) && body.length > 0 && body.every((part) => Object(part) !== part);
  return isCommand ? body.map(String) : null;
}

function commandsOf(body: unknown): readonly Command[] | null {
  if (!Array.isArray(body) || body.length === 0) return null;
  const commands = body.map(commandOf);
  return commands.every((command) => command !== null) ? commands : null;
}

async function runCommand(redis: RedisTransport, command: Command, encode: Encode): Promise<Result> {
  try {
    return { result: encode(await redis.exec(command)) };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

/** Sends all commands at once on one connection, so that no other command runs between `MULTI` and `EXEC`. */
async function runTransaction(
  redis: RedisTransport,
  commands: readonly Command[],
  encode: Encode,
): Promise<{ status: number; body: unknown }> {
  const sent = [["MULTI"], ...commands, ["EXEC"]].map((command) => redis.exec(command));
  const executed = (await Promise.allSettled(sent)).at(-1);
  if (executed?.status !== "fulfilled" || !Array.isArray(executed.value)) {
    return {
      status: 400,
      body: { error: messageOf(executed?.status === "rejected" ? executed.reason : null) },
    };
  }
  const body = executed.value.map((reply: unknown) =>
    reply instanceof Error ? { error: reply.message } : { result: encode(reply) },
  );
  return { status: 200, body };
}

function messageOf(error: unknown): string {
  const cause = error instanceof CoatcheckError ? error.cause : error;
  return cause instanceof Error ? cause.message : "ERR no response from the server";
}

/** Like Upstash: encodes every string at any depth, except a reply that is just `OK`. */
function encodeBase64(reply: unknown): unknown {
  return reply === "OK" ? reply : toBase64(reply);
}

function toBase64(value: unknown): unknown {
  if (typeof value === "string") return Buffer.from(value).toString("base64");
  return Array.isArray(value) ? value.map(toBase64) : value;
}
