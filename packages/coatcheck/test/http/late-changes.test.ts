import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import express, { type ErrorRequestHandler } from "express";
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { coatcheck, sessionErrors, sessionOf } from "../../src/http/express.ts";
import { HttpSessions } from "../../src/http/http-sessions.ts";
import { SessionManager } from "../../src/session/manager.ts";
import type { Session } from "../../src/session/session.ts";
import { memoryStore } from "../../src/store/memory.ts";

afterEach(() => vi.restoreAllMocks());

it("`onCommitFailure` is called once per request for unsaved data that a handler assigns after the commit; one warning is emitted", async () => {
  const warning = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  const { manager, reported, failed, open, runTimers } = setUp();
  for (let round = 0; round < 2; round++) {
    const request = open();
    const session = await request.load();
    session.data.early = true;
    await request.commit(new Headers());
    session.data.late = { deep: 1 };
    session.data.late.deep = 2;
    expect(failed).toHaveLength(round);
    runTimers();
    expect(failed).toHaveLength(round + 1);
    expect(String(failed.at(-1)?.error)).toContain("call session.save()");
    expect((await manager.find(session.id))?.data).toEqual({ early: true });
  }
  expect(failed.map(({ operation }) => operation)).toEqual(["late-data", "late-data"]);
  expect(reported).toEqual(failed.map(({ error }) => error));
  expect(warning).toHaveBeenCalledTimes(1);
});

it("an unsaved change or flash message is reported even if the handler has not read the data before the commit", async () => {
  const { failed, open, runTimers } = setUp();
  const request = open();
  const session = await request.load();
  await request.commit(new Headers());
  session.data.late = { deep: 1 };
  runTimers();
  session.flash("notice", "saved");
  runTimers();
  expect(failed).toHaveLength(2);
});

it.each(["data", "flash"])(
  "unsaved %s that a handler sets while the commit is writing is reported",
  async (change) => {
    vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const { manager, reported, failed, open, runTimers } = setUp();
    const request = open();
    const session = await request.load();
    session.data.early = true;
    const committed = request.commit(new Headers());
    if (change === "data") session.data.late = { deep: 1 };
    else session.flash("notice", "saved");
    await committed;
    expect(await manager.find(session.id)).toMatchObject({ data: { early: true }, flash: {} });
    runTimers();
    expect(failed.map(({ operation }) => operation)).toEqual(["late-data"]);
    expect(reported).toHaveLength(1);
  },
);

it("an assigned array with undefined members is stored by the commit, and not reported", async () => {
  const { failed, open, runTimers } = setUp();
  const request = open();
  const session = await request.load();
  session.data.list = [{ a: undefined }];
  await request.commit(new Headers());
  runTimers();
  expect(failed).toEqual([]);
});

describe("an array or object that a handler holds and changes after the commit", () => {
  const HELD: Record<string, (session: Session<Data>) => () => unknown> = {
    "an array that was read": ({ data }) => {
      const { list } = data;
      return () => list?.push({ a: undefined });
    },
    "an array of an object that was read": ({ data }) => {
      const list = data.nested?.list;
      return () => list?.push(2);
    },
    "an object that was assigned": ({ data }) => {
      const late = { deep: 1 };
      data.late = late;
      return () => Object.assign(late, { deep: 2 });
    },
  };

  const openStored = async (fixture: ReturnType<typeof setUp>) => {
    const request = fixture.open();
    const session = await request.load();
    await session.patch({ list: [], nested: { list: [1] } });
    return { request, session };
  };

  it.each(Object.entries(HELD))("is reported if it is not saved: %s", async (_name, hold) => {
    vi.spyOn(process, "emitWarning").mockImplementation(() => {});
    const fixture = setUp();
    const { request, session } = await openStored(fixture);
    const change = hold(session);
    await request.commit(new Headers());
    change();
    fixture.runTimers();
    expect(fixture.failed).toEqual([]);
    fixture.runTimers();
    expect(fixture.failed.map(({ operation }) => operation)).toEqual(["late-data"]);
  });

  it.each(Object.entries(HELD))("is stored and not reported if it is saved: %s", async (_name, hold) => {
    const fixture = setUp();
    const { request, session } = await openStored(fixture);
    const change = hold(session);
    await request.commit(new Headers());
    const before = await fixture.manager.find(session.id);
    change();
    await session.save();
    for (let round = 0; round < 2; round++) fixture.runTimers();
    expect(fixture.failed).toEqual([]);
    expect((await fixture.manager.find(session.id))?.data).not.toEqual(before?.data);
  });
});

it("commit() starts no timer in production, and none if the handler holds no array or object", async () => {
  const { open, countTimers } = setUp();
  const request = open();
  (await request.load()).data.early = true;
  await request.commit(new Headers());
  expect(countTimers()).toBe(0);
  vi.stubEnv("NODE_ENV", "production");
  const second = open();
  (await second.load()).data.list = [];
  await second.commit(new Headers());
  vi.unstubAllEnvs();
  expect(countTimers()).toBe(0);
});

it("data that a handler assigns after the commit is stored and not reported if the handler calls save()", async () => {
  const { manager, failed, open, runTimers } = setUp();
  const request = open();
  const session = await request.load();
  await session.patch({});
  await request.commit(new Headers());
  session.data.late = { deep: 1 };
  await session.save();
  runTimers();
  expect(failed).toEqual([]);
  expect((await manager.find(session.id))?.data).toEqual({ late: { deep: 1 } });
});

it("unsaved data and flash messages that a handler sets after revoke() are reported, with one warning per process", async () => {
  const warning = vi.spyOn(process, "emitWarning").mockImplementation(() => {});
  const { manager, reported, failed, open } = setUp();
  for (const change of ["data", "flash"]) {
    const request = open();
    const session = await request.load();
    await session.patch({ early: true });
    await session.revoke();
    if (change === "data") session.data.early = true;
    else session.flash("notice", "You are logged out.");
    await request.commit(new Headers());
    expect(String(failed.at(-1)?.error)).toContain("call session.save()");
  }
  expect((await manager.stats()).active).toBe(0);
  expect(failed.map(({ operation }) => operation)).toEqual(["revoked-data", "revoked-data"]);
  expect(reported).toEqual(failed.map(({ error }) => error));
  expect(warning).toHaveBeenCalledTimes(1);
});

it("a change of an array is reported if the handler reads the array before revoke() and changes it afterwards", async () => {
  const { manager, failed, open } = setUp();
  const request = open();
  const session = await request.load();
  await session.patch({ list: [] });
  const { list } = session.data;
  await session.revoke();
  list?.push({ a: undefined });
  const headers = new Headers();
  await request.commit(headers);
  expect(failed.map(({ operation }) => operation)).toEqual(["revoked-data"]);
  expect((await manager.stats()).active).toBe(0);
});

it("save() or a login after revoke() creates a session with the data set after revoke(), but without data set before", async () => {
  for (const store of ["save", "authenticate"] as const) {
    const { manager, failed, open } = setUp();
    const request = open();
    const session = await request.load();
    await session.patch({ early: true });
    const { id } = session;
    session.data.early = false;
    await session.revoke();
    session.data.late = { deep: 1 };
    await (store === "save" ? session.save() : session.authenticate("ann"));
    expect(session.id).not.toBe(id);
    const headers = new Headers();
    await request.commit(headers);
    expect(headers.getSetCookie()).toHaveLength(1);
    expect((await manager.find(session.id))?.data).toEqual({ late: { deep: 1 } });
    expect(failed).toEqual([]);
  }
});

it("a login after the commit throws CONFLICT, and the error is passed to `onCommitFailure`", async () => {
  const { reported, failed, open } = setUp();
  const request = open();
  const session = await request.load();
  await request.commit(new Headers());
  for (const issue of [() => session.authenticate("ann"), () => session.rotate(), () => session.patch({})]) {
    await expect(issue()).rejects.toMatchObject({ code: "CONFLICT" });
  }
  expect(failed.map(({ operation }) => operation)).toEqual(["late-token", "late-token", "late-token"]);
  expect(reported).toHaveLength(3);
});

it("Express receives the error of a login after the commit if the handler does not catch it", async () => {
  const { manager } = setUp();
  const errors: unknown[] = [];
  const app = express().use(coatcheck(manager));
  app.get("/", async (request, response) => {
    response.flushHeaders();
    await (await sessionOf(request).load()).authenticate("ann");
  });
  app.use(sessionErrors());
  app.use(((error, _request, response, _next) => {
    errors.push(error);
    response.destroy();
  }) satisfies ErrorRequestHandler);
  const server = createServer(app).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  await expect(response.text()).rejects.toThrow();
  expect(errors).toMatchObject([{ code: "CONFLICT" }]);
});

interface Data {
  early?: boolean;
  late?: { deep: number };
  list?: { a: undefined }[];
  nested?: { list: number[] };
}

/**
 * Creates a manager whose timers fire when the test calls `runTimers`. `open` opens a request without a cookie.
 * `reported` contains the errors passed to `onCommitFailure`, `failed` the data of the events `failed`.
 */
function setUp() {
  const timers = new Set<() => void>();
  const manager = new SessionManager<Data>({
    store: memoryStore(),
    secrets: ["the secret of these tests"],
    schedule: (_delay, task) => {
      timers.add(task);
      return () => timers.delete(task);
    },
  });
  const reported: unknown[] = [];
  const failed: { operation: string; error: unknown }[] = [];
  manager.events.on("failed", (event) => failed.push(event));
  const http = new HttpSessions(manager, { onCommitFailure: (error) => reported.push(error) });
  const open = () =>
    http.open({ method: "GET", url: "/", address: "203.0.113.5", encrypted: true, header: () => undefined });
  const runTimers = () => {
    for (const task of [...timers]) {
      timers.delete(task);
      task();
    }
  };
  return { manager, reported, failed, open, runTimers, countTimers: () => timers.size };
}
