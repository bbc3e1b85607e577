import { expect, test } from "vitest";
import { withDeadline } from "../../src/cache/circuit-breaker.ts";
import { LATENCY_BOUNDS, LatencyHistogram } from "../../src/cache/histogram.ts";
import { DataVersionLease, TimedLease } from "../../src/cache/lease.ts";
import { LocalTier } from "../../src/cache/local.ts";
import { Poller } from "../../src/cache/poller.ts";
import { RevocationLog } from "../../src/cache/revocation-log.ts";
import { compactId } from "../../src/session/token.ts";
import { FakeTime, recordCreatedAt, untilIdle } from "./fixtures.ts";

test("TimedLease begins at the time when the latest successful poll was sent, in whatever order the responses arrive", () => {
  const lease = new TimedLease(1000);
  expect(lease.isValid(0, 0)).toBe(false);
  const [first, second] = [lease.beginRenewal(100, 5100), lease.beginRenewal(200, 5200)];
  second();
  first();
  expect(lease.isValid(1200, 6200)).toBe(true);
  expect(lease.isValid(1201, 6200)).toBe(false);
  expect(lease.age(1200, 6300)).toBe(1100);
});

test("DataVersionLease becomes invalid when the data version differs from the version that was read before the latest successful poll", () => {
  let dataVersion = 1;
  const lease = new DataVersionLease(() => dataVersion);
  expect(lease.isValid()).toBe(false);
  const first = lease.beginRenewal(0, 0);
  dataVersion = 2;
  const second = lease.beginRenewal(0, 0);
  second();
  first();
  expect(lease.isValid()).toBe(true);
  dataVersion = 1;
  expect(lease.isValid()).toBe(false);
});

test("LocalTier keeps the copy with the higher version, or with the higher position if the versions are equal, and freezes it", () => {
  const local = new LocalTier({ maxEntries: 10, maxBytes: 1e6 });
  const record = recordCreatedAt(0, { version: 2, data: { cart: { tacos: 1 } } });
  const key = compactId(record.id);
  local.fill(key, { record, position: 5 }, 0);
  expect(Object.isFrozen(local.get(key, 0)?.record.data.cart)).toBe(true);
  for (const older of [
    { record: { ...record, version: 1 }, position: 9 },
    { record, position: 4 },
  ]) {
    expect(local.fill(key, older, 1)).toMatchObject({ record: { version: 2 }, position: 5 });
  }
  expect(local.fill(key, { record, position: 6 }, 1).position).toBe(6);
});

test("LocalTier evicts the least recently used copy first", () => {
  const local = new LocalTier({ maxEntries: 3, maxBytes: 1e6 });
  const keys = [1, 2, 3, 4, 5].map((name) => {
    const record = recordCreatedAt(0);
    return { name, key: compactId(record.id), record };
  });
  const fill = (name: number, now: number) => {
    const found = keys.find((each) => each.name === name);
    if (found) local.fill(found.key, { record: found.record, position: 1 }, now);
  };
  const cached = () => keys.filter(({ key }) => local.has(key)).map(({ name }) => name);
  for (const name of [1, 2, 3]) fill(name, 0);
  local.get(keys[0]?.key ?? "", 60_000);
  fill(4, 60_000);
  expect(cached()).toEqual([1, 3, 4]);
  fill(5, 60_000);
  expect(cached()).toEqual([1, 4, 5]);
});

test("LocalTier does not keep a copy larger than `maxBytes`, and drops the older copy of that session", () => {
  const local = new LocalTier({ maxEntries: 3, maxBytes: 10_000 });
  const record = recordCreatedAt(0);
  const key = compactId(record.id);
  local.fill(key, { record, position: 1 }, 0);
  const large = { ...record, version: 2, data: { text: "x".repeat(20_000) } };
  expect(local.fill(key, { record: large, position: 2 }, 0).record.version).toBe(2);
  expect(local.has(key)).toBe(false);
  expect(local.entries).toBe(0);
});

test("RevocationLog stays within its capacity after 100,000 mass revocations and refuses older copies", () => {
  const log = new RevocationLog(1000);
  log.startAt(1);
  const record = recordCreatedAt(0, { subject: "ada", tenant: null });
  for (let position = 1; position <= 100_000; position++) {
    log.apply({ position, scope: { subject: `subject-${position}` } });
    log.trim();
  }
  expect(log.size).toBeLessThanOrEqual(1000);
  const copyAt = (position: number) => ({ record, position });
  expect(log.allows(copyAt(1))).toBe(false);
  expect(log.allowsFill(compactId(record.id), copyAt(1))).toBe(false);
  expect(log.allowsFill(compactId(record.id), copyAt(100_000))).toBe(true);
  expect(log.allowsFill(compactId(record.id), copyAt(100_001))).toBe(true);
});

test("Poller.pollNow() waits for a poll that is sent after the call, and polls never overlap", async () => {
  const time = new FakeTime();
  const respond: (() => void)[] = [];
  let number = 0;
  const poller = new Poller({
    interval: 500,
    deadline: 1000,
    schedule: time.schedule,
    startPoll: () => ({ pollNumber: ++number, cursor: 1, renewLease() {}, restartPollTimeLimit() {} }),
    changes: () => new Promise((resolve) => respond.push(() => resolve({ items: [], cursor: 1 }))),
    applyPage: () => true,
  });
  const settled: string[] = [];
  void poller.pollNow().then(() => settled.push("first"));
  for (const name of ["second", "also second"]) void poller.pollNow().then(() => settled.push(name));
  expect(respond).toHaveLength(1);
  respond[0]?.();
  await untilIdle();
  expect(settled).toEqual(["first"]);
  expect(respond).toHaveLength(2);
  void poller.pollNow().then(() => settled.push("third"));
  respond[1]?.();
  await untilIdle();
  expect(settled).toEqual(["first", "second", "also second"]);
  respond[2]?.();
  await time.advance(499);
  expect(respond).toHaveLength(3);
  await time.advance(1);
  expect(respond).toHaveLength(4);
  poller.close();
});

test("withDeadline() accepts a response that arrived while the process was paused past the deadline", async () => {
  const time = new FakeTime();
  const { promise, resolve } = Promise.withResolvers<string>();
  const result = withDeadline(promise, 100, (delay, task) =>
    time.schedule(delay, () => {
      task();
      resolve("response");
    }),
  );
  await time.advance(101);
  await expect(result).resolves.toBe("response");
  const never = withDeadline(new Promise(() => {}), 100, time.schedule);
  const rejection = expect(never).rejects.toThrow("No response within 100 ms.");
  await time.advance(101);
  await rejection;
});

test("LatencyHistogram counts every latency once", () => {
  const histogram = new LatencyHistogram();
  for (const latency of [0, 0.1, 0.11, 3, 2500, 2501]) histogram.record(latency);
  const { counts, count, sum } = histogram.snapshot();
  expect(counts).toHaveLength(LATENCY_BOUNDS.length + 1);
  expect(counts[0]).toBe(2);
  expect(counts.at(-1)).toBe(1);
  expect([count, sum]).toEqual([6, 0 + 0.1 + 0.11 + 3 + 2500 + 2501]);
});
