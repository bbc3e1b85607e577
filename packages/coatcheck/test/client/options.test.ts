import { afterEach, describe, expect, it, vi } from "vitest";
import { createSessionClient, type SessionClientOptions } from "../../src/client/index.ts";
import { Network, noSession, open, success } from "./fixtures.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

const create = (options: object) => createSessionClient(options as SessionClientOptions).dispose();

describe("createSessionClient() in development", () => {
  it.each([
    [{ baseURL: "/session" }, 'unknown option "baseURL"; did you mean "baseUrl"?'],
    [{ allowOrigin: [] }, 'unknown option "allowOrigin"; did you mean "allowOrigins"?'],
    [{ csrf: { cokie: "a" } }, 'unknown option "csrf.cokie"; did you mean "csrf.cookie"?'],
    [
      { revalidate: { crosstab: false } },
      'unknown option "revalidate.crosstab"; did you mean "revalidate.crossTab"?',
    ],
    [{ revalidate: false }, "revalidate must be an object (got boolean)"],
  ])("refuses %j", (options, message) => {
    expect(() => create(options)).toThrow(message);
  });

  it("refuses an unknown option of logout(), which would leave other devices logged in", async () => {
    const client = open(new Network().on("DELETE /session", () => success(noSession)));
    const options = { everwhere: true };
    expect(() => client.logout(options as object)).toThrow('did you mean "everywhere"?');
  });
});

it("createSessionClient() in production builds ignores unknown options: no page downloads the check", () => {
  vi.stubEnv("NODE_ENV", "production");
  expect(() => create({ baseURL: "/session" })).not.toThrow();
});
