import { describe, expect, it } from "vitest";
import { createCache } from "../../src/cache/index.ts";
import { defineContext, type Loader, loader } from "../../src/context/index.ts";
import { SessionManager } from "../../src/index.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { createLoaders, createSession, Database } from "./fixtures.ts";

function createSingleProcessCache() {
  return createCache({ store: memoryStore(), singleProcess: true });
}

describe("defineContext()", () => {
  const cache = createSingleProcessCache();
  const { user, company } = createLoaders(new Database());

  it("rejects loaders that depend on each other in a cycle, with an error that shows the cycle", () => {
    const first: Loader<string, unknown> = loader({
      from: () => ({ third }),
      reference: () => "1",
      load: () => "first",
    });
    const second = loader({ from: { first }, reference: () => "1", load: () => "second" });
    const third: Loader<string, unknown> = loader({
      from: { second },
      reference: () => "1",
      load: () => "third",
    });
    expect(() => defineContext({ user, first, second, third }, { cache })).toThrow(
      "Invalid context: first depends on itself: first → third → second → first.",
    );
    const itself: Loader<string, unknown> = loader({
      from: () => ({ itself }),
      reference: () => "1",
      load: () => "",
    });
    expect(() => defineContext({ itself }, { cache })).toThrow("itself → itself");
  });

  it("accepts loaders in any order, and a loader on which several others depend", async () => {
    const country = loader({
      from: { user, company },
      reference: (_session, from) => from.company?.id,
      load: (id: string) => `${id}-land`,
    });
    const context = defineContext({ country, company, user }, { cache });
    expect(await context.of(createSession()).country()).toBe("acme-land");
  });

  it("rejects dependencies that are not in the context, invalid names, and values that are not loaders", () => {
    const misuses: [string, () => unknown][] = [
      ["company.from.user must be a loader of the same context", () => defineContext({ company }, { cache })],
      [
        "then must consist of letters and digits",
        () => defineContext({ ["then" as string]: user }, { cache }),
      ],
      ["a:b must consist of letters and digits", () => defineContext({ "a:b": user }, { cache })],
      ["user must be a loader", () => defineContext({ user: {} as never }, { cache })],
      ['other is the same loader as "user"', () => defineContext({ user, other: user }, { cache })],
      ["cache must be a cache from createCache()", () => defineContext({ user }, { cache: {} as never })],
      ['unknown option "share"', () => defineContext({ user }, { cache, share: 1 } as never)],
      ["local.maxBytes must be", () => defineContext({ user }, { cache, local: { maxBytes: 0 } })],
      ['unknown option "refernce"', () => loader({ refernce: () => 1, load: () => 1 } as never)],
      ["load must be a function", () => loader({ reference: () => "1" } as never)],
      ["ttl must be a positive number", () => loader({ reference: () => "1", load: () => 1, ttl: -1 })],
    ];
    for (const [message, misuse] of misuses) expect(misuse, message).toThrow(message);
  });

  it("returns a context that rejects unknown options of a read and unknown names in invalidate()", async () => {
    const context = defineContext({ user }, { cache });
    await expect(context.of(createSession()).user({ rest: true } as never)).rejects.toThrow(
      'did you mean "reset"?',
    );
    await expect(context.invalidate("usr" as never, "ada")).rejects.toThrow("name must be one of user");
    await expect(context.invalidate("user", "i".repeat(600))).rejects.toMatchObject({
      code: "VALIDATION_FAILED",
    });
    const { user: detached } = context.of(createSession());
    await expect(detached()).rejects.toThrow("Call user() as a method");
  });

  it("returns the same readers for the same session, and other readers for other sessions and contexts", async () => {
    const manager = new SessionManager({
      store: memoryStore(),
      secrets: ["a secret of the tests, long enough"],
    });
    const contexts = [defineContext({ user }, { cache }), defineContext({ user }, { cache })];
    const sessions = [manager.begin(), manager.begin(), createSession(), createSession()];
    const openReaders = () => contexts.flatMap((context) => sessions.map((session) => context.of(session)));
    const readers = openReaders();
    expect(new Set([...readers, ...openReaders()]).size).toBe(8);
  });
});
