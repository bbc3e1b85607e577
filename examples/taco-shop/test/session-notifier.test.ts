import { SessionManager, type SessionRecord } from "coatcheck";
import { memoryStore } from "coatcheck/store/memory";
import { expect, test } from "vitest";
import { SessionNotifier } from "../src/session-notifier.ts";

/** Creates two managers with one store. `poll` runs the scheduled polls of the first manager's `SessionNotifier`. */
function createTwoNodes() {
  const store = memoryStore();
  const secrets = ["a secret of the shop's tests"];
  const [here, there] = [new SessionManager({ store, secrets }), new SessionManager({ store, secrets })];
  const tasks = new Set<() => void>();
  const notifier = new SessionNotifier(here, { now: Date.now }, (_delay, task) => {
    tasks.add(task);
    return () => tasks.delete(task);
  });
  const poll = async () => {
    const due = [...tasks];
    tasks.clear();
    await Promise.all(due.map((task) => task()));
  };
  return { here, there, notifier, tasks, poll };
}

test("SessionNotifier reports a change by its own process without polling", async () => {
  const { here, notifier } = createTwoNodes();
  const { record } = await here.create();
  const received: (SessionRecord | null)[] = [];
  notifier.watch(record, (now) => received.push(now));
  await here.patch(record.id, { a: 1 });
  expect(received.map((now) => now?.version)).toEqual([2]);
});

test("SessionNotifier reports a change by another process once, at the next poll", async () => {
  const { here, there, notifier, poll } = createTwoNodes();
  const { record } = await here.create();
  const received: (number | undefined)[] = [];
  notifier.watch(record, (now) => received.push(now?.version));
  await there.patch(record.id, { a: 1 });
  expect(received).toEqual([]);
  await poll();
  await poll();
  expect(received).toEqual([2]);
});

test("SessionNotifier reports the end of a session with null and stops polling", async () => {
  const { here, there, notifier, tasks, poll } = createTwoNodes();
  const { record } = await here.create();
  const received: (SessionRecord | null)[] = [];
  notifier.watch(record, (now) => received.push(now));
  await there.revoke({ session: record.id });
  await poll();
  expect(received).toEqual([null]);
  expect(tasks.size).toBe(0);
});

test("SessionNotifier stops polling when the last watcher is removed", async () => {
  const { here, notifier, tasks } = createTwoNodes();
  const { record } = await here.create();
  const [unwatchFirst, unwatchSecond] = [notifier.watch(record, () => {}), notifier.watch(record, () => {})];
  unwatchFirst();
  expect(tasks.size).toBe(1);
  unwatchSecond();
  expect(tasks.size).toBe(0);
});
