import { SessionManager, type SessionRecord } from "coatcheck";
import { memoryStore } from "coatcheck/store/memory";
import { expect, test } from "vitest";
import { LiveSessions } from "../src/live.ts";

/** Two nodes over one store; `look` lets the time pass after which each looks for what the other did. */
function twoNodes() {
  const store = memoryStore();
  const secrets = ["a secret of the shop's tests"];
  const [here, there] = [new SessionManager({ store, secrets }), new SessionManager({ store, secrets })];
  const tasks = new Set<() => void>();
  const live = new LiveSessions(here, { now: Date.now }, (_delay, task) => {
    tasks.add(task);
    return () => tasks.delete(task);
  });
  const look = async () => {
    const due = [...tasks];
    tasks.clear();
    await Promise.all(due.map((task) => task()));
  };
  return { here, there, live, tasks, look };
}

test("a change of this process is told at once, without looking", async () => {
  const { here, live } = twoNodes();
  const { record } = await here.create();
  const told: (SessionRecord | null)[] = [];
  live.watch(record, (now) => told.push(now));
  await here.patch(record.id, { a: 1 });
  expect(told.map((now) => now?.version)).toEqual([2]);
});

test("a change of another process is told with the next look, once", async () => {
  const { here, there, live, look } = twoNodes();
  const { record } = await here.create();
  const told: (number | undefined)[] = [];
  live.watch(record, (now) => told.push(now?.version));
  await there.patch(record.id, { a: 1 });
  expect(told).toEqual([]);
  await look();
  await look();
  expect(told).toEqual([2]);
});

test("the end is told, and nobody looks any more", async () => {
  const { here, there, live, tasks, look } = twoNodes();
  const { record } = await here.create();
  const told: (SessionRecord | null)[] = [];
  live.watch(record, (now) => told.push(now));
  await there.revoke({ session: record.id });
  await look();
  expect(told).toEqual([null]);
  expect(tasks.size).toBe(0);
});

test("nobody looks for a session that nobody watches any more", async () => {
  const { here, live, tasks } = twoNodes();
  const { record } = await here.create();
  const [first, second] = [live.watch(record, () => {}), live.watch(record, () => {})];
  first();
  expect(tasks.size).toBe(1);
  second();
  expect(tasks.size).toBe(0);
});
