import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";
import { createTemporaryDatabase, describeWithServer } from "./fixtures.ts";
import { pingPostgres, query } from "./postgres.ts";
import { proxyTo } from "./proxy.ts";
import { pingRedis } from "./redis.ts";

const redisModule = new URL("redis.ts", import.meta.url).href;

await describeWithServer("a Redis for the tests", "redis", (url) => {
  test("the Redis server responds to a ping", async () => {
    await expect(pingRedis(url)).resolves.toBeUndefined();
  });

  test("the Redis server ends when the process that started it is killed", async () => {
    const program = `
      const { startRedis } = await import(${JSON.stringify(redisModule)});
      const { pid, url } = await startRedis();
      console.log(JSON.stringify({ pid, port: new URL(url).port }));
      setInterval(() => {}, 1000);`;
    const starter = spawn(process.execPath, ["--input-type=module", "--eval", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = await once(createInterface(starter.stdout), "line");
    const { pid, port } = JSON.parse(String(line)) as { pid: number; port: string };
    const held = connect(Number(port), "127.0.0.1");
    await once(held, "connect");
    const gone = once(held, "close");
    starter.kill("SIGKILL");
    held.resume();
    await gone;
    await expect.poll(() => existsSync(`/proc/${pid}/exe`)).toBe(false);
  });
});

await describeWithServer("a PostgreSQL for the tests", "postgres", (url) => {
  test("PostgreSQL acknowledges a commit only when it is on the disk (`synchronous_commit` is on)", async () => {
    const settings = await query(url, "select current_setting('synchronous_commit') as commit");
    expect(settings).toEqual([{ commit: "on" }]);
  });

  test("createTemporaryDatabase() creates a database that drop() deletes", async () => {
    const database = await createTemporaryDatabase(url);
    await query(database.url, "create table coats (number integer)");
    await database.drop();
    await expect(query(database.url, "select 1")).rejects.toThrow(/does not exist/);
  });

  test("proxyTo() can cut and freeze the connections to PostgreSQL, and restore them", async () => {
    const wire = await proxyTo(url);
    await pingPostgres(wire.url);
    wire.cut();
    await expect(pingPostgres(wire.url)).rejects.toThrow();
    wire.acceptAgain();
    await pingPostgres(wire.url);
    wire.freeze();
    await expect(pingPostgres(wire.url)).rejects.toThrow(/timeout/i);
    wire.thaw();
    await pingPostgres(wire.url);
    await wire.close();
  });
});
