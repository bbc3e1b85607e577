import { SessionManager, type SessionRecord } from "coatcheck";
import { memoryStore } from "coatcheck/store/memory";
import { expect, test } from "vitest";
import { LiveSessions } from "../src/live.ts";

/** Two managers over one store. `poll` runs the scheduled polls of the first one's `LiveSessions`. */
function twoNodes() {
  const store = memoryStore();
  const secrets = ["a secret of the shop's tests"];
  const [here, there] = [new SessionManager({ store, secrets }), new SessionManager({ store, secrets })];
  const tasks = new Set<() => void>();
  const live = new LiveSessions(here, { now: Date.now }, (_delay, task) => {
    tasks.add(task);
    return () => tasks.delete(task);
  });
  const poll = async () => {
    const due = [...tasks];
    tasks.clear();
    await Promise.all(due.map((task) => task()));
  };
  return { here, there, live, tasks, poll };
}

test("LiveSessions reports a change of its own process without polling", async () => {
  const { here, live } = twoNodes();
  const { record } = await here.create();
  const received: (SessionRecord | null)[] = [];
  live.watch(record, (now) => received.push(now));
  await here.patch(record.id, { a: 1 });
  expect(received.map((now) => now?.version)).toEqual([2]);
});

test("LiveSessions reports a change of another process once, at the next poll", async () => {
  const { here, there, live, poll } = twoNodes();
  const { record } = await here.create();
  const received: (number | undefined)[] = [];
  live.watch(record, (now) => received.push(now?.version));
  await there.patch(record.id, { a: 1 });
  expect(received).toEqual([]);
  await poll();
  await poll();
  expect(received).toEqual([2]);
});

test("LiveSessions reports the end of a session with null and stops polling", async () => {
  const { here, there, live, tasks, poll } = twoNodes();
  const { record } = await here.create();
  const received: (SessionRecord | null)[] = [];
  live.watch(record, (now) => received.push(now));
  await there.revoke({ session: record.id });
  await poll();
  expect(received).toEqual([null]);
  expect(tasks.size).toBe(0);
});

test("LiveSessions stops polling when the last watcher leaves", async () => {
  const { here, live, tasks } = twoNodes();
  const { record } = await here.create();
  const [unwatchFirst, unwatchSecond] = [live.watch(record, () => {}), live.watch(record, () => {})];
  unwatchFirst();
  expect(tasks.size).toBe(1);
  unwatchSecond();
  expect(tasks.size).toBe(0);
});
