import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { createCache, type SessionCache } from "../../src/cache/index.ts";
import { defineContext, loader, redisEntities } from "../../src/context/index.ts";
import { connectRedis } from "../../src/store/redis/store.ts";
import { sqliteStore } from "../../src/store/sqlite/store.ts";
import { createTemporaryPrefix, describeWithServer } from "../servers/fixtures.ts";

await describeWithServer("a context with a shared tier on Redis", "redis", (url) => {
  it("redisEntities() returns an entity to another process without a load, unless it was invalidated", async () => {
    const folder = mkdtempSync(join(tmpdir(), "coatcheck-context-"));
    const transport = await connectRedis(url);
    const prefix = createTemporaryPrefix();
    const names = new Map([["ada", "Ada"]]);
    const caches: SessionCache[] = [];
    const startProcess = () => {
      const store = sqliteStore(join(folder, "sessions.db"));
      const cache = createCache({ store, dataVersion: () => store.dataVersion() });
      caches.push(cache);
      const user = loader({
        reference: ({ subject }) => subject,
        load: (id: string) => ({ id, name: names.get(id) }),
      });
      const context = defineContext({ user }, { cache, shared: redisEntities(transport, { prefix }) });
      return { store, context };
    };
    const processes = [startProcess(), startProcess()] as const;
    const read = async ({ context }: (typeof processes)[0]) =>
      (await context.of({ subject: "ada", tenant: null, data: {} }).user())?.name;
    // Each process reads once, because a process accepts shared copies only after it has read the log.
    for (const process of processes) await read(process);
    await processes[0].context.invalidate("user", "ada");
    expect(await read(processes[0])).toBe("Ada");
    while ((await transport.exec(["GET", `${prefix}entity:user:ada`])) === null);
    const { loads } = processes[1].context.metrics();
    expect(await read(processes[1])).toBe("Ada");
    expect(processes[1].context.metrics().loads - loads).toBeLessThanOrEqual(1);
    names.set("ada", "Ada L.");
    await processes[0].context.invalidate("user", "ada");
    for (const process of processes) expect(await read(process)).toBe("Ada L.");
    for (const [index, cache] of caches.entries()) {
      await cache.close();
      await processes[index === 0 ? 0 : 1].store.close();
    }
    await transport.close();
    rmSync(folder, { recursive: true });
  });
});
