import { expect, it } from "vitest";
import type { Suspicion } from "../../../src/visit/suspicion.ts";
import { HOUR, MINUTE, SAFARI, startFixture } from "./fixtures.ts";
import { ADAPTERS } from "./servers.ts";

const [, start] = ADAPTERS[0] ?? [];
if (!start) throw new Error("There is no adapter.");

it("many new sessions from one IP address are reported as suspicious only once per `window`", async () => {
  await using fixture = await startFixture(start, {
    visits: { suspicion: { sessionsPerAddress: 3, window: HOUR } },
  });
  const found: Suspicion[] = [];
  fixture.visits.events.on("suspicious", (suspicion) => found.push(suspicion));
  const returning = fixture.browser();
  await returning.openPage("/");
  await returning.openPage("/");
  await fixture.browser().openPage("/");
  expect(found).toEqual([]);
  await fixture.browser().openPage("/");
  await fixture.browser().openPage("/");
  expect(found).toEqual([{ kind: "many-sessions", address: "127.0.0.1", sessions: 3, at: fixture.now() }]);
  fixture.advance(HOUR);
  for (let count = 0; count < 3; count++) await fixture.browser().openPage("/");
  expect(fixture.visits.suspicions["many-sessions"]).toBe(2);
});

it("the first change of a session's browser or country is reported as suspicious, but a new browser version is not", async () => {
  let country = "DE";
  await using fixture = await startFixture(start, {
    visits: { place: () => ({ country, city: null }) },
    http: {
      newSession: (_client, request) => ({
        client: {
          address: null,
          userAgent: request.header("user-agent") ?? null,
          browser: null,
          os: null,
          device: null,
          country: "DE",
          city: null,
        },
      }),
    },
  });
  const found: Suspicion[] = [];
  fixture.visits.events.on("suspicious", (suspicion) => found.push(suspicion));
  const browser = fixture.browser();
  await browser.openPage("/");
  fixture.advance(MINUTE);
  await browser.openPage("/", { "user-agent": browser.userAgent.replaceAll("140", "141") });
  expect(found).toEqual([]);
  await browser.openPage("/", { "user-agent": SAFARI });
  await browser.openPage("/", { "user-agent": SAFARI });
  country = "FR";
  await browser.openPage("/");
  await browser.openPage("/");
  const sessionId = fixture.queue.events[0]?.sessionId;
  expect(found).toEqual([
    {
      kind: "changed-user-agent",
      sessionId,
      before: "Firefox on Linux",
      now: "Safari on iOS",
      at: fixture.now(),
    },
    { kind: "changed-country", sessionId, before: "DE", now: "FR", at: fixture.now() },
  ]);
});

it("a page is served even if a listener for suspicious events throws", async () => {
  await using fixture = await startFixture(start, { visits: { suspicion: { sessionsPerAddress: 1 } } });
  fixture.visits.events.on("suspicious", () => {
    throw new Error("a fault of the listener");
  });
  expect((await fixture.browser().openPage("/")).status).toBe(200);
});
