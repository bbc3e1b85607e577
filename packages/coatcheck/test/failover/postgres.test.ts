import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from "vitest";
import { describeWithProgram } from "../../../../scripts/test-programs/describe.ts";
import { SessionManager } from "../../src/session/manager.ts";
import type { SessionStore } from "../../src/session/store.ts";
import { postgresStore, type ServerNotice } from "../../src/store/postgres/store.ts";
import { fakeClock, makeRecord } from "../../src/testing/index.ts";
import { query, startPostgres, startStandby } from "../servers/postgres.ts";
import { proxyTo, type Proxy as TcpProxy } from "../servers/proxy.ts";
import type { RunningServer } from "../servers/start.ts";
import { CREATE_OPTIONS, untilResolved } from "../store/redis/store-fixtures.ts";
import { openLoad } from "./load.ts";

/** The timeout is long, because the machine may be busy with other tests. */
const POLL_OPTIONS = { timeout: 10_000 };

describeWithProgram("an application whose PostgreSQL moves to another server", "postgresStandby", () => {
  let primary: RunningServer;
  /** A synchronous standby: at every commit, the primary waits until this server has the commit too. */
  let standby: RunningServer;
  /** Stands in for the database's host name: forwards to the primary until a test switches it to the standby. */
  let name: TcpProxy;
  let notices: ServerNotice[];

  beforeAll(async () => {
    primary = await startPostgres({ fsync: false });
    standby = await startStandby(primary.url);
    await query(primary.url, "alter system set synchronous_standby_names = '*'");
    await query(primary.url, "select pg_reload_conf()");
    const synchronous = "select from pg_stat_replication where sync_state = 'sync'";
    while ((await query(primary.url, synchronous)).length === 0);
    name = await proxyTo(primary.url);
  });
  afterAll(async () => {
    await name.close();
    await primary.stop();
    await standby.stop();
  });
  beforeEach(() => {
    notices = [];
  });

  const open = (): Promise<SessionStore> =>
    postgresStore({ connectionString: name.url, deadline: 2000, onNotice: (notice) => notices.push(notice) });

  it("still reads sessions while the primary refuses writes for a minute, and writes again afterwards", async () => {
    const clock = fakeClock();
    const manager = new SessionManager<{ theme?: string }>({
      store: await open(),
      secrets: ["a secret for these tests"],
      clock,
    });
    onTestFinished(() => manager.close());
    const { token } = await manager.create({ subject: "ada" });
    const write = async () => {
      const session = await manager.resume(token);
      if (!("patch" in session)) throw new Error("The session is refused.");
      await session.patch({ theme: "dark" });
    };
    const setReadOnly = async (value: "on" | "off") => {
      await query(primary.url, `alter system set default_transaction_read_only = ${value}`);
      await query(primary.url, "select pg_reload_conf()");
    };
    await setReadOnly("on");
    const codeOf = ({ code }: { code?: unknown }) => code;
    await expect.poll(() => write().catch(codeOf), POLL_OPTIONS).toBe("STORE_UNAVAILABLE");
    for (let second = 0; second < 60; second += 10) {
      await expect(write()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
      expect(await manager.resume(token)).toMatchObject({ subject: "ada" });
      clock.pass(10_000);
    }
    expect(notices[0]?.message).toBe(
      "PostgreSQL is a read-only replica; connect to the primary. Reconnecting.",
    );
    await setReadOnly("off");
    await untilResolved(write);
  });

  it("connects to the primary when its host name moves back from a standby, although old connections stay open", async () => {
    const store = await open();
    onTestFinished(() => store.close());
    const record = makeRecord();
    await store.put(record, CREATE_OPTIONS);
    const readFiveTimes = () => Promise.allSettled(Array.from({ length: 5 }, () => store.get(record.id)));
    await readFiveTimes();
    name.pointTo(standby.url);
    const ours = "from pg_stat_activity where application_name = 'coatcheck'";
    await query(primary.url, `select pg_terminate_backend(pid) ${ours}`);
    await expect
      .poll(async () => {
        await readFiveTimes();
        return notices.map(({ message }) => message).join("\n");
      }, POLL_OPTIONS)
      .toMatch(/PostgreSQL is a (read-only )?replica/);
    name.pointTo(primary.url);
    expect((await untilResolved(() => store.get(record.id)))?.record).toEqual(record);
    expect(await untilResolved(() => store.put(makeRecord(), CREATE_OPTIONS))).toBe("stored");
  });

  it("loses nothing when the primary crashes and its synchronous standby takes over", async () => {
    const load = await openLoad(await open());
    onTestFinished(() => load.close());
    load.start();
    await load.untilHealthy();
    // `stop` is an immediate shutdown, which PostgreSQL treats like a crash.
    await primary.stop();
    name.cut();
    await query(standby.url, "select pg_promote()");
    name.pointTo(standby.url);
    name.acceptAgain();
    await expect
      .poll(() => notices.map(({ kind }) => kind), POLL_OPTIONS)
      .toEqual(expect.arrayContaining(["unavailable", "recovered"]));
    const report = await load.stop();
    console.log(
      report,
      notices.map(({ message }) => message),
    );
    expect(report).toMatchObject({ loggedOut: 0, lostWrites: 0, lostLogouts: 0 });
    expect(report.unavailable).toBeGreaterThan(0);
    expect(report.outageDuration).toBeLessThan(5000);
  });
});
