import { afterEach, describe, expect, it, vi } from "vitest";
import { createSessionClient, type SessionClientOptions } from "../../src/client/index.ts";
import { Network, noSession, openClient, successResponse } from "./fixtures.ts";

afterEach(() => {
  vi.unstubAllEnvs();
});

const createAndDispose = (options: object) => createSessionClient(options as SessionClientOptions).dispose();

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
    [{ timeout: "5s" }, 'timeout must be a positive number of milliseconds (got "5s")'],
    [{ timeout: 0 }, "timeout must be a positive number of milliseconds (got 0)"],
    [{ timeout: Number.NaN }, "timeout must be a positive number of milliseconds (got NaN)"],
    [{ timeout: Infinity }, "timeout must be a positive number of milliseconds (got Infinity)"],
    [{ revalidate: { staleTime: "5m" } }, 'staleTime must be a number of milliseconds, 0 or more (got "5m")'],
    [{ revalidate: { minGap: -1 } }, "minGap must be a number of milliseconds, 0 or more (got -1)"],
    [{ allowOrigins: "https://api.example" }, "allowOrigins must be a list, such as [value] (got "],
  ])("rejects the options %j", (options, message) => {
    expect(() => createAndDispose(options)).toThrow(message);
  });

  it("accepts a stale time of 0 and of Infinity", () => {
    for (const staleTime of [0, Infinity])
      createAndDispose({ timeout: 1, revalidate: { staleTime, minGap: 0 } });
  });

  it("rejects an unknown option of logout(), such as a misspelt `everywhere`", async () => {
    const client = openClient(new Network().on("DELETE /session", () => successResponse(noSession)));
    const options = { everwhere: true };
    expect(() => client.logout(options as object)).toThrow('did you mean "everywhere"?');
  });
});

it("createSessionClient() ignores unknown options in production builds", () => {
  vi.stubEnv("NODE_ENV", "production");
  expect(() => createAndDispose({ baseURL: "/session" })).not.toThrow();
});
