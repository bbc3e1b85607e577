import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { connectRedis, type RedisTransport } from "../../../src/store/redis/store.ts";
import { connectUpstash, redisStore } from "../../../src/store/redis/upstash.ts";
import { storeContract } from "../../../src/testing/store-suite.ts";
import { serveUpstash, type UpstashEndpoint } from "../../../src/testing/upstash-endpoint.ts";
import { createTemporaryPrefix, describeWithServer } from "../../servers/fixtures.ts";

/** Deadline in milliseconds. It is long, because some tests send thousands of requests at once on two shared cores. */
const DEADLINE = 20_000;
const TOKEN = "an-upstash-token";

await describeWithServer("upstash", "redis", (url) => {
  async function serve(): Promise<UpstashEndpoint & { readonly redis: RedisTransport }> {
    const redis = await connectRedis(url, { deadline: DEADLINE });
    const endpoint = await serveUpstash({ redis, token: TOKEN });
    return {
      ...endpoint,
      redis,
      async close() {
        await endpoint.close();
        await redis.close();
      },
    };
  }

  storeContract(
    { describe, it },
    {
      name: "Upstash, two clients",
      open: async () => {
        const prefix = createTemporaryPrefix();
        const endpoint = await serve();
        const connect = () => connectUpstash({ url: endpoint.url, token: TOKEN, deadline: DEADLINE });
        return {
          store: redisStore(await connect(), { prefix }),
          other: redisStore(await connect(), { prefix }),
          cleanUp: async () => {
            const keys = (await endpoint.redis.exec(["KEYS", `{${prefix}}*`])) as string[];
            if (keys.length > 0) await endpoint.redis.exec(["UNLINK", ...keys]);
            await endpoint.close();
          },
        };
      },
    },
  );

  describe("upstashTransport", () => {
    it("removes the command from an error, because the command may contain a session", async () => {
      const endpoint = await serve();
      const transport = await connectUpstash({ url: endpoint.url, token: TOKEN, deadline: DEADLINE });
      const failed = await transport.exec(["GET", "secret-of-a-user", "too many"]).then(
        () => assert.fail("Expected a malformed command to reject."),
        (error: unknown) => error,
      );
      expect(failed).toMatchObject({ code: "STORE_UNAVAILABLE" });
      expect(inspect(failed)).toContain("wrong number of arguments");
      expect(inspect(failed)).not.toContain("secret-of-a-user");
      await endpoint.close();
    });

    it("reports a wrong token", async () => {
      const endpoint = await serve();
      const transport = await connectUpstash({ url: endpoint.url, token: "another" });
      await expect(redisStore(transport).stats(0)).rejects.toMatchObject({
        code: "STORE_UNAVAILABLE",
        message: "Redis rejected the user name or password.",
      });
      await endpoint.close();
    });

    it("sends a write only once, even if the response is lost", async () => {
      let requests = 0;
      const server = createServer((request) => {
        requests++;
        request.socket.destroy();
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as AddressInfo;
      const transport = await connectUpstash({ url: `http://127.0.0.1:${port}`, token: TOKEN });
      await expect(transport.exec(["PING"])).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      expect(requests).toBe(1);
      await new Promise((resolve) => server.close(resolve));
    });

    it("rejects at the deadline when the server does not respond", async () => {
      const server = createServer(() => {});
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as AddressInfo;
      const transport = await connectUpstash({ url: `http://127.0.0.1:${port}`, token: TOKEN, deadline: 20 });
      await expect(transport.exec(["PING"])).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });

    it("subscribe() rejects, because REST has no subscriptions", async () => {
      const transport = await connectUpstash({ url: "https://unreachable.upstash.io", token: TOKEN });
      await expect(transport.subscribe("channel", () => {})).rejects.toMatchObject({
        code: "STORE_UNAVAILABLE",
      });
    });

    it("connectUpstash() rejects a malformed URL, and the error does not contain the URL", async () => {
      await expect(connectUpstash({ url: "redis://:hush@x", token: TOKEN })).rejects.toMatchObject({
        code: "VALIDATION_FAILED",
        message: expect.not.stringContaining("hush"),
      });
    });
  });

  describe("serveUpstash", () => {
    async function post(
      endpoint: UpstashEndpoint,
      path: string,
      body: unknown,
      headers: Record<string, string> = {},
    ) {
      const response = await fetch(endpoint.url + path, {
        method: "POST",
        headers: { Authorization: `Bearer ${TOKEN}`, ...headers },
        body: JSON.stringify(body),
      });
      return { status: response.status, body: await response.json() };
    }

    it("requires the token on every path, known or unknown", async () => {
      const endpoint = await serve();
      for (const path of ["/", "/pipeline", "/multi-exec", "/nowhere"]) {
        for (const Authorization of ["", "Bearer wrong", TOKEN]) {
          expect((await post(endpoint, path, ["PING"], { Authorization })).status).toBe(401);
        }
      }
      expect((await post(endpoint, "/nowhere", ["PING"])).status).toBe(404);
      await endpoint.close();
    });

    it("listens only on the loopback interface", async () => {
      const endpoint = await serve();
      expect(new URL(endpoint.url).hostname).toBe("127.0.0.1");
      await endpoint.close();
    });

    it("runs one command, a pipeline, and a transaction", async () => {
      const endpoint = await serve();
      const key = `{${createTemporaryPrefix()}}count`;
      expect(await post(endpoint, "/", ["SET", key, 1])).toEqual({ status: 200, body: { result: "OK" } });
      expect(
        (
          await post(endpoint, "/pipeline", [
            ["INCR", key],
            ["LPUSH", key, "x"],
          ])
        ).body,
      ).toEqual([{ result: 2 }, { error: expect.stringContaining("WRONGTYPE") }]);
      expect(
        (
          await post(endpoint, "/multi-exec", [
            ["INCR", key],
            ["GET", key],
          ])
        ).body,
      ).toEqual([{ result: 3 }, { result: "3" }]);
      const refused = await post(endpoint, "/multi-exec", [["INCR", key], ["NOSUCHCOMMAND"]]);
      expect(refused).toMatchObject({ status: 400, body: { error: expect.stringContaining("EXECABORT") } });
      expect((await post(endpoint, "/", ["GET", key])).body).toEqual({ result: "3" });
      await post(endpoint, "/", ["DEL", key]);
      await endpoint.close();
    });

    it("encodes the response as base64 if the client asks for it", async () => {
      const endpoint = await serve();
      const send = (command: string[]) => post(endpoint, "/", command, { "Upstash-Encoding": "base64" });
      expect((await send(["ECHO", "é🌮"])).body).toEqual({ result: Buffer.from("é🌮").toString("base64") });
      expect((await send(["EVAL", "return {1,{'a'}}", "0"])).body).toEqual({ result: [1, [btoa("a")]] });
      await endpoint.close();
    });

    it("rejects malformed requests", async () => {
      const endpoint = await serve();
      for (const [path, body] of [
        ["/", []],
        ["/", {}],
        ["/", [["PING"]]],
        ["/pipeline", ["PING"]],
        ["/multi-exec", [[]]],
      ]) {
        expect((await post(endpoint, String(path), body)).status).toBe(400);
      }
      await endpoint.close();
    });
  });
});
