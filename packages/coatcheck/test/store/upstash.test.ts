import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { connectRedis, type RedisTransport } from "../../src/store/redis.ts";
import { connectUpstash, redisStore } from "../../src/store/upstash.ts";
import { storeContract } from "../../src/testing/store-suite.ts";
import { serveUpstash, type UpstashEndpoint } from "../../src/testing/upstash-endpoint.ts";
import { describeWithServer, throwAwayPrefix } from "../servers/servers.ts";

/** Generous, because many tests share two cores. */
const DEADLINE = 5000;
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
      name: "upstash, two clients",
      open: async () => {
        const prefix = throwAwayPrefix();
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

  describe("upstash transport", () => {
    it("repeats nothing of a command in an error: it may hold a session", async () => {
      const endpoint = await serve();
      const transport = await connectUpstash({ url: endpoint.url, token: TOKEN, deadline: DEADLINE });
      const failed = await transport.exec(["GET", "secret-of-somebody", "too many"]).then(
        () => assert.fail("a wrong command must fail"),
        (error: unknown) => error,
      );
      expect(failed).toMatchObject({ code: "STORE_UNAVAILABLE" });
      expect(inspect(failed)).toContain("wrong number of arguments");
      expect(inspect(failed)).not.toContain("secret-of-somebody");
      await endpoint.close();
    });

    it("says that the token is wrong", async () => {
      const endpoint = await serve();
      const transport = await connectUpstash({ url: endpoint.url, token: "another" });
      await expect(redisStore(transport).stats(0)).rejects.toMatchObject({
        code: "STORE_UNAVAILABLE",
        message: "Redis refuses the name or password.",
      });
      await endpoint.close();
    });

    it("sends a write once, though the answer be lost", async () => {
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

    it("gives up at the deadline when nothing answers", async () => {
      const server = createServer(() => {});
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as AddressInfo;
      const transport = await connectUpstash({ url: `http://127.0.0.1:${port}`, token: TOKEN, deadline: 20 });
      await expect(transport.exec(["PING"])).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });

    it("says that it cannot listen", async () => {
      const transport = await connectUpstash({ url: "https://nobody.upstash.io", token: TOKEN });
      await expect(transport.subscribe("channel", () => {})).rejects.toMatchObject({
        code: "STORE_UNAVAILABLE",
      });
    });

    it("refuses an address that is none, without repeating it", async () => {
      await expect(connectUpstash({ url: "redis://:hush@x", token: TOKEN })).rejects.toMatchObject({
        code: "VALIDATION_FAILED",
        message: expect.not.stringContaining("hush"),
      });
    });
  });

  describe("upstash endpoint", () => {
    async function post(
      endpoint: UpstashEndpoint,
      path: string,
      body: unknown,
      headers: Record<string, string> = {},
    ) {
      const answer = await fetch(endpoint.url + path, {
        method: "POST",
        headers: { Authorization: `Bearer ${TOKEN}`, ...headers },
        body: JSON.stringify(body),
      });
      return { status: answer.status, body: await answer.json() };
    }

    it("asks for the token on every path, known or not", async () => {
      const endpoint = await serve();
      for (const path of ["/", "/pipeline", "/multi-exec", "/nowhere"]) {
        for (const Authorization of ["", "Bearer wrong", TOKEN]) {
          expect((await post(endpoint, path, ["PING"], { Authorization })).status).toBe(401);
        }
      }
      expect((await post(endpoint, "/nowhere", ["PING"])).status).toBe(404);
      await endpoint.close();
    });

    it("listens on the loopback interface only", async () => {
      const endpoint = await serve();
      expect(new URL(endpoint.url).hostname).toBe("127.0.0.1");
      await endpoint.close();
    });

    it("runs one command, several, and several in one step", async () => {
      const endpoint = await serve();
      const key = `{${throwAwayPrefix()}}count`;
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

    it("answers in base64 for who asks for it", async () => {
      const endpoint = await serve();
      const ask = (command: string[]) => post(endpoint, "/", command, { "Upstash-Encoding": "base64" });
      expect((await ask(["ECHO", "é🌮"])).body).toEqual({ result: Buffer.from("é🌮").toString("base64") });
      expect((await ask(["EVAL", "return {1,{'a'}}", "0"])).body).toEqual({ result: [1, [btoa("a")]] });
      await endpoint.close();
    });

    it("says what it cannot read", async () => {
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
