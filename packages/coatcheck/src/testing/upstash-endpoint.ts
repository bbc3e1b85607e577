import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { CoatcheckError } from "../session/errors.ts";
import type { RedisTransport } from "../store/redis-transport.ts";

/** Upstash's REST interface, served on this machine. */
export interface UpstashEndpoint {
  readonly url: string;
  close(): Promise<void>;
}

export interface UpstashEndpointOptions {
  /** The Redis that does the work; it stays the caller's. */
  readonly redis: RedisTransport;
  /** What the `Authorization: Bearer` header must carry, on every path. */
  readonly token: string;
}

type Command = readonly string[];
type Answer = { readonly result: unknown } | { readonly error: string };

/**
 * Serves Upstash's REST interface over a real Redis, on the loopback interface and a port of its own, so that what
 * talks to Upstash can be tested without it: one command (`/`), several (`/pipeline`), several in one step
 * (`/multi-exec`), answers in base64 for who asks with `Upstash-Encoding: base64`.
 *
 * Not of this endpoint: commands in the path, subscriptions, and whatever the real service does about regions.
 */
export async function serveUpstash({ redis, token }: UpstashEndpointOptions): Promise<UpstashEndpoint> {
  const server = createServer((request, response) => {
    answer(request, redis, token).then(
      ({ status, body }) => send(response, status, body),
      () => send(response, 500, { error: "ERR the endpoint failed" }),
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

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}

async function answer(
  request: IncomingMessage,
  redis: RedisTransport,
  token: string,
): Promise<{ status: number; body: unknown }> {
  if (!isAuthorized(request.headers.authorization, token)) {
    return { status: 401, body: { error: "WRONGPASS invalid or missing auth token" } };
  }
  const body: unknown = request.method === "POST" ? await json(request).catch(() => undefined) : undefined;
  const encode = request.headers["upstash-encoding"] === "base64" ? encoded : (value: unknown) => value;
  switch (request.url) {
    case "/": {
      const command = commandOf(body);
      if (!command) return malformed;
      const result = await run(redis, command, encode);
      return { status: "error" in result ? 400 : 200, body: result };
    }
    case "/pipeline": {
      const commands = commandsOf(body);
      if (!commands) return malformed;
      return { status: 200, body: await Promise.all(commands.map((command) => run(redis, command, encode))) };
    }
    case "/multi-exec": {
      const commands = commandsOf(body);
      return commands ? await runTogether(redis, commands, encode) : malformed;
    }
    default:
      return { status: 404, body: { error: "ERR no such path" } };
  }
}

const malformed = { status: 400, body: { error: "ERR failed to parse command" } };

function isAuthorized(header: string | undefined, token: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(header ?? ""), digest(`Bearer ${token}`));
}

/** Numbers and booleans come as JSON has them. */
function commandOf(body: unknown): Command | null {
  const isCommand = Array.isArray(body) && body.length > 0 && body.every((part) => Object(part) !== part);
  return isCommand ? body.map(String) : null;
}

function commandsOf(body: unknown): readonly Command[] | null {
  if (!Array.isArray(body) || body.length === 0) return null;
  const commands = body.map(commandOf);
  return commands.every((command) => command !== null) ? commands : null;
}

async function run(
  redis: RedisTransport,
  command: Command,
  encode: (value: unknown) => unknown,
): Promise<Answer> {
  try {
    return { result: encode(await redis.exec(command)) };
  } catch (error) {
    return { error: reasonOf(error) };
  }
}

/** Sent in one go down one connection, so that nothing else comes between `MULTI` and `EXEC`. */
async function runTogether(
  redis: RedisTransport,
  commands: readonly Command[],
  encode: (value: unknown) => unknown,
): Promise<{ status: number; body: unknown }> {
  const sent = [["MULTI"], ...commands, ["EXEC"]].map((command) => redis.exec(command));
  const executed = (await Promise.allSettled(sent)).at(-1);
  if (executed?.status !== "fulfilled" || !Array.isArray(executed.value)) {
    return {
      status: 400,
      body: { error: reasonOf(executed?.status === "rejected" ? executed.reason : null) },
    };
  }
  const body = executed.value.map((reply: unknown) =>
    reply instanceof Error ? { error: reply.message } : { result: encode(reply) },
  );
  return { status: 200, body };
}

function reasonOf(error: unknown): string {
  const cause = error instanceof CoatcheckError ? error.cause : error;
  return cause instanceof Error ? cause.message : "ERR the server did not answer";
}

/** As the service does it: every string, however deep, but the status `OK` by itself. */
function encoded(reply: unknown): unknown {
  return reply === "OK" ? reply : toBase64(reply);
}

function toBase64(value: unknown): unknown {
  if (typeof value === "string") return Buffer.from(value).toString("base64");
  return Array.isArray(value) ? value.map(toBase64) : value;
}
