import { describe, expect, it } from "vitest";
import { InMemorySharedTier, untilIdle } from "../cache/fixtures.ts";
import { createSession, createUser, lostHints, readUserName, Site } from "./fixtures.ts";

describe("invalidate()", () => {
  it("invalidates its own process's copies immediately, and other processes' copies when the hint arrives", async () => {
    const site = new Site();
    const hints = new InMemorySharedTier();
    const [first, second] = [await site.startNode({ hints }), await site.startNode({ hints })];
    expect([await readUserName(first), await readUserName(second)]).toEqual(["Ada", "Ada"]);
    site.database.users.set("ada", createUser("Ada L."));
    await first.context.invalidate("user", "ada");
    expect(await readUserName(first)).toBe("Ada L.");
    await untilIdle();
    expect(await readUserName(second)).toBe("Ada L.");
  });

  it("invalidates the copies of another process within `maxStaleness` if the hint is lost", async () => {
    const site = new Site();
    const [first, second] = [
      await site.startNode({ hints: lostHints }),
      await site.startNode({ hints: lostHints }),
    ];
    await readUserName(second);
    site.database.users.set("ada", createUser("Ada L."));
    await first.context.invalidate("user", "ada");
    expect(await readUserName(second)).toBe("Ada");
    await site.time.advance(500);
    expect(await readUserName(second)).toBe("Ada L.");
  });

  it("takes effect within `maxStaleness` in a process that cannot poll the log, because it stops using copies", async () => {
    const site = new Site();
    const [first, second] = [
      await site.startNode({ hints: lostHints }),
      await site.startNode({ hints: lostHints }),
    ];
    await readUserName(second);
    second.faultyStore.state = "down";
    site.database.users.set("ada", createUser("Ada L."));
    await first.context.invalidate("user", "ada");
    await site.time.advance(2001);
    expect(await readUserName(second)).toBe("Ada L.");
  });

  it("takes effect in a process that was paused for longer than `maxStaleness`, because it polls before it uses copies", async () => {
    const site = new Site();
    const [first, second] = [
      await site.startNode({ hints: lostHints }),
      await site.startNode({ hints: lostHints }),
    ];
    await readUserName(second);
    site.database.users.set("ada", createUser("Ada L."));
    await first.context.invalidate("user", "ada");
    site.time.advanceWithoutTimers(2001);
    expect(await readUserName(second)).toBe("Ada L.");
    await site.time.advance(0);
  });

  it("also invalidates the result of a load that its own process began before the call", async () => {
    const site = new Site();
    const node = await site.startNode();
    const release = site.database.holdQueries();
    const before = readUserName(node);
    await untilIdle();
    site.database.users.set("ada", createUser("Ada L."));
    await node.context.invalidate("user", "ada");
    const after = readUserName(node);
    await untilIdle();
    release();
    expect(await before).toBe("Ada");
    expect(await after).toBe("Ada L.");
    expect(await readUserName(node)).toBe("Ada L.");
  });

  it("also invalidates the result of a load that began before the hint arrived", async () => {
    const site = new Site();
    const hints = new InMemorySharedTier();
    const [first, second] = [await site.startNode({ hints }), await site.startNode({ hints })];
    const release = site.database.holdQueries();
    const before = readUserName(second);
    await untilIdle();
    site.database.users.set("ada", createUser("Ada L."));
    await first.context.invalidate("user", "ada");
    await untilIdle();
    const after = readUserName(second);
    await untilIdle();
    release();
    await before;
    expect(await after).toBe("Ada L.");
    expect(await readUserName(second)).toBe("Ada L.");
  });

  it("takes effect for the request that calls it", async () => {
    const site = new Site();
    const { context } = await site.startNode();
    const of = context.of(createSession());
    expect((await of.user())?.name).toBe("Ada");
    site.database.users.set("ada", createUser("Ada L."));
    expect((await of.user())?.name).toBe("Ada");
    await context.invalidate("user", "ada");
    expect((await of.user())?.name).toBe("Ada L.");
  });

  it("invalidates its own process's copies even if the store fails, because the write may have succeeded", async () => {
    const site = new Site();
    const { context, cache } = await site.startNode();
    await context.of(createSession()).user();
    site.database.users.set("ada", createUser("Ada L."));
    await site.cluster.store.close();
    await expect(context.invalidate("user", "ada")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
    expect((await context.of(createSession()).user())?.name).toBe("Ada L.");
    await cache.close();
  });

  it("leaves other entities cached, and treats the id 7 as the same id whether it is a number or a string", async () => {
    const site = new Site();
    const { context } = await site.startNode();
    site.database.users.set("7", createUser("Seven", { id: "7" }));
    await context.of(createSession("7")).user();
    await context.of(createSession()).company();
    expect(site.database.queries).toBe(3);
    await context.invalidate("user", 7);
    await context.of(createSession()).company();
    expect(site.database.queries).toBe(3);
    await context.of(createSession("7")).user();
    expect(site.database.queries).toBe(4);
  });

  it("causes one load per process, because its hint and log item do not invalidate copies loaded after the call", async () => {
    const site = new Site();
    const hints = new InMemorySharedTier();
    const nodes = [await site.startNode({ hints }), await site.startNode({ hints })] as const;
    for (const node of nodes) await readUserName(node);
    const { queries } = site.database;
    await nodes[0].context.invalidate("user", "ada");
    for (let time = 0; time < 3000; time += 250) {
      for (const node of nodes) await readUserName(node);
      await site.time.advance(250);
    }
    expect(site.database.queries - queries).toBe(2);
  });
});

describe("invalidateTag()", () => {
  it("invalidates exactly the entities with the tag, on every node", async () => {
    const site = new Site();
    const hints = new InMemorySharedTier();
    const [first, second] = [await site.startNode({ hints }), await site.startNode({ hints })];
    site.database.users.set("bob", createUser("Bob", { id: "bob", companyId: "other" }));
    await readUserName(second);
    await second.context.of(createSession("bob")).user();
    const { queries } = site.database;
    site.database.users.set("ada", createUser("Ada L."));
    await first.context.invalidateTag("company:acme");
    await untilIdle();
    expect(await readUserName(second)).toBe("Ada L.");
    await second.context.of(createSession("bob")).user();
    expect(site.database.queries).toBe(queries + 1);
  });

  it("also invalidates the result of a load that its own process began before the call", async () => {
    const site = new Site();
    const node = await site.startNode();
    const release = site.database.holdQueries();
    const before = readUserName(node);
    await untilIdle();
    site.database.users.set("ada", createUser("Ada L."));
    await node.context.invalidateTag("company:acme");
    const after = readUserName(node);
    await untilIdle();
    release();
    await before;
    expect(await after).toBe("Ada L.");
  });
});

describe("a read with the option `reset`", () => {
  it("loads the entity again for this process, and leaves the copies of other processes unchanged", async () => {
    const site = new Site();
    const [first, second] = [await site.startNode(), await site.startNode()];
    await readUserName(first);
    await readUserName(second);
    site.database.users.set("ada", createUser("Ada L."));
    const of = first.context.of(createSession());
    expect((await of.user({ reset: true }))?.name).toBe("Ada L.");
    expect((await of.user())?.name).toBe("Ada L.");
    expect(await readUserName(first)).toBe("Ada L.");
    expect(await readUserName(second)).toBe("Ada");
  });

  it("is not overwritten by a load that began earlier", async () => {
    const site = new Site();
    const node = await site.startNode();
    const release = site.database.holdQueries();
    const before = readUserName(node);
    await untilIdle();
    site.database.users.set("ada", createUser("Ada L."));
    site.database.stopHoldingQueries();
    expect((await node.context.of(createSession()).user({ reset: true }))?.name).toBe("Ada L.");
    release();
    expect(await before).toBe("Ada");
    expect(await readUserName(node)).toBe("Ada L.");
  });
});
