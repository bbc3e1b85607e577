import { createHmac } from "node:crypto";
import type { AddressInfo } from "node:net";
import { DatabaseSync } from "node:sqlite";
import { betterAuth } from "better-auth";
import { getMigrations } from "better-auth/db/migration";
import { fromNodeHeaders } from "better-auth/node";
import fastify from "fastify";
import { connectClient } from "./remote.ts";
import { COOKIE_SECRET, responseBody, SESSION_COUNT, type ServerUnderTest, sessionData } from "./workload.ts";

/**
 * better-auth on SQLite. `cookieCache` enables its cookie cache, which saves database reads. `redis` keeps its sessions
 * in Redis, as its `secondaryStorage`.
 */
export async function betterAuthServer(options: {
  cookieCache?: boolean;
  redis?: boolean;
}): Promise<ServerUnderTest> {
  const auth = betterAuth({
    secret: COOKIE_SECRET,
    baseURL: "http://127.0.0.1",
    database: new DatabaseSync(":memory:"),
    telemetry: { enabled: false },
    rateLimit: { enabled: false },
    emailAndPassword: { enabled: true },
    ...(options.redis ? { secondaryStorage: await redisStorage() } : {}),
    session: { cookieCache: { enabled: options.cookieCache ?? false, maxAge: 24 * 3600 } },
    user: { additionalFields: { data: { type: "string" } } },
  });
  await (await getMigrations(auth.options)).runMigrations();
  const { internalAdapter } = await auth.$context;

  const cookies: string[] = [];
  for (let index = 0; index < SESSION_COUNT; index++) {
    const { name, ...data } = sessionData(index);
    const profile = { email: `${index}@example.com`, name, emailVerified: true, data: JSON.stringify(data) };
    const user = await internalAdapter.createUser(profile, { method: "email-password" });
    const { token } = await internalAdapter.createSession(user.id);
    const signature = createHmac("sha256", COOKIE_SECRET).update(token).digest("base64");
    cookies.push(`better-auth.session_token=${encodeURIComponent(`${token}.${signature}`)}`);
  }
  if (options.cookieCache) {
    for (const [index, cookie] of cookies.entries()) {
      const { headers } = await auth.api.getSession({
        headers: new Headers({ cookie }),
        returnHeaders: true,
      });
      cookies[index] = [cookie, ...headers.getSetCookie().map((each) => each.split(";", 1)[0])].join("; ");
    }
  }

  const app = fastify();
  app.get("/", async (request) => {
    const found = await auth.api.getSession({ headers: fromNodeHeaders(request.headers) });
    return responseBody(found?.user.id, found?.user.name);
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  return { port: (app.server.address() as AddressInfo).port, cookies };
}

/** Configures `secondaryStorage` as in the documentation of better-auth. */
async function redisStorage() {
  const client = await connectClient();
  return {
    get: (key: string) => client.get(key),
    async set(key: string, value: string, ttl?: number) {
      await client.set(key, value, ttl ? { EX: ttl } : {});
    },
    async delete(key: string) {
      await client.del(key);
    },
    getAndDelete: (key: string) => client.getDel(key),
    async increment(key: string, ttl: number) {
      await client.set(key, 0, { EX: ttl, NX: true });
      return await client.incr(key);
    },
  };
}
