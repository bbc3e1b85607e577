import { describe, expect, it } from "vitest";
import { InMemorySharedTier, untilIdle } from "../cache/fixtures.ts";
import {
  createSession,
  createUser,
  InMemorySharedEntities,
  lostHints,
  readUserName,
  Site,
} from "./fixtures.ts";

describe("the shared tier", () => {
  it("returns an entity to another process without a query", async () => {
    const site = new Site();
    const shared = new InMemorySharedEntities();
    const [first, second] = [
      await site.startNode({ entities: shared }),
      await site.startNode({ entities: shared }),
    ];
    await readUserName(first);
    await untilIdle();
    expect(await readUserName(second)).toBe("Ada");
    expect(site.database.queries).toBe(1);
    expect(second.context.metrics()).toMatchObject({ sharedHits: 1, loads: 0 });
  });

  it("does not return an invalidated copy, with or without a hint", async () => {
    for (const hints of [new InMemorySharedTier(), lostHints]) {
      const site = new Site();
      const entities = new InMemorySharedEntities();
      const options = { entities, hints };
      const [first, second] = [await site.startNode(options), await site.startNode(options)];
      await readUserName(first);
      await untilIdle();
      const old = new Map(entities.copies);
      site.database.users.set("ada", createUser("Ada L."));
      await first.context.invalidate("user", "ada");
      // Simulates a process that was paused before it stored an older copy. It continues now and stores the copy.
      for (const [key, text] of old) entities.copies.set(key, text);
      expect(await readUserName(first)).toBe("Ada L.");
      for (const [key, text] of old) entities.copies.set(key, text);
      await site.time.advance(501);
      for (const node of [first, second]) expect(await readUserName(node)).toBe("Ada L.");
    }
  });

  it("returns a copy that was loaded after an invalidation, once the process has read the log item of that invalidation", async () => {
    const site = new Site();
    const entities = new InMemorySharedEntities();
    const [first, second] = [await site.startNode({ entities }), await site.startNode({ entities })];
    await readUserName(first);
    await readUserName(second);
    await first.context.invalidate("user", "ada");
    await site.time.advance(501);
    await readUserName(first);
    await untilIdle();
    const { queries } = site.database;
    expect(await readUserName(second)).toBe("Ada");
    await first.context.of(createSession()).company();
    await untilIdle();
    await first.context.invalidate("company", "acme");
    await first.context.of(createSession()).company();
    await site.time.advance(501);
    expect(site.database.queries - queries).toBe(2);
    expect((await second.context.of(createSession()).company())?.name).toBe("Acme");
  });

  it("is not used while this process cannot read the log", async () => {
    const site = new Site();
    const entities = new InMemorySharedEntities();
    const options = { entities, hints: lostHints };
    const [first, second] = [await site.startNode(options), await site.startNode(options)];
    await readUserName(first);
    await untilIdle();
    second.faultyStore.state = "down";
    site.database.users.set("ada", createUser("Ada L."));
    await first.context.invalidate("user", "ada");
    await site.time.advance(2001);
    expect(await readUserName(second)).toBe("Ada L.");
  });

  it("returns values of the same types as the cache in the process", async () => {
    const site = new Site();
    const entities = new InMemorySharedEntities();
    site.database.users.set("ada", { ...createUser("Ada"), since: new Date(0) });
    const nodes = [await site.startNode({ entities }), await site.startNode({ entities })] as const;
    for (const { context } of nodes) {
      expect(await context.of(createSession()).user()).toMatchObject({ since: "1970-01-01T00:00:00.000Z" });
      await untilIdle();
    }
    expect(site.database.queries).toBe(1);
  });

  it("does not return copies that were loaded before this process read the log for the first time", async () => {
    const site = new Site();
    const entities = new InMemorySharedEntities();
    const first = await site.startNode({ entities });
    await readUserName(first);
    await untilIdle();
    site.database.users.set("ada", createUser("Ada L."));
    await first.context.invalidate("user", "ada");
    const late = await site.startNode({ entities });
    expect(await readUserName(late)).toBe("Ada L.");
  });

  it("is skipped while it fails, hangs or returns malformed data", async () => {
    const site = new Site();
    const entities = new InMemorySharedEntities();
    const node = await site.startNode({ entities });
    entities.state = "down";
    expect(await readUserName(node)).toBe("Ada");
    await node.context.invalidate("user", "ada");
    entities.state = "hung";
    const read = readUserName(node);
    await site.time.advance(101);
    expect(await read).toBe("Ada");
    entities.state = "up";
    const copy = { position: 1e9, loadedAt: site.time.wallTime, value: 7, keys: ["user:eve"] };
    entities.copies.set("user:ada", JSON.stringify(copy));
    const other = await site.startNode({ entities });
    expect(await readUserName(other)).toBe("Ada");
  });

  it("keeps the age of a copy, so that another process loads the entity again after its time to live", async () => {
    const site = new Site();
    const entities = new InMemorySharedEntities();
    const first = await site.startNode({ entities });
    const second = await site.startNode({ entities });
    await readUserName(first);
    await site.time.advance(4 * 60_000);
    expect(await readUserName(second)).toBe("Ada");
    expect(site.database.queries).toBe(1);
    site.database.users.set("ada", createUser("Ada L."));
    await site.time.advance(61_000);
    expect(await readUserName(second)).toBe("Ada L.");
  });
});
