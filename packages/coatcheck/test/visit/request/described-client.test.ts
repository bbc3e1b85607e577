import { expect, it } from "vitest";
import { clientKind } from "../../../src/visit/client-kind.ts";
import { ClientDescriptions } from "../../../src/visit/described-client.ts";

/** More user agents than the cache holds. Some of them differ only in one character, at the start or at the end. */
const USER_AGENTS = Array.from({ length: 1500 }, (_, index) => [
  `Mozilla/5.0 (X11; Linux x86_64; rv:${index}.0) Gecko/20100101 Firefox/${index}.0`,
  `curl/${index}.0 with a long end that many user agents of other programs have, too`,
]).flat();

it("ClientDescriptions returns the description of each user agent, even if there are more user agents than it caches", () => {
  const descriptions = new ClientDescriptions(true);
  for (let round = 0; round < 2; round++) {
    for (const userAgent of USER_AGENTS) {
      const { kind, client } = descriptions.describe(userAgent);
      expect([kind, client.userAgent]).toEqual([clientKind(userAgent), userAgent]);
    }
  }
});

it("ClientDescriptions truncates a long user agent, and omits it if the privacy mode forbids it", () => {
  const long = `Mozilla/5.0 ${"x".repeat(2000)}`;
  expect(new ClientDescriptions(true).describe(long)).toMatchObject({
    kind: "suspected",
    client: { userAgent: long.slice(0, 512) },
  });
  expect(new ClientDescriptions(false).describe(USER_AGENTS[0]).client.userAgent).toBeNull();
  expect(new ClientDescriptions(true).describe(undefined)).toMatchObject({
    kind: "suspected",
    client: { userAgent: null },
  });
});
