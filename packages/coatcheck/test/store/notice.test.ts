import { describe, expect, it } from "vitest";
import { OutageReporter, type ServerNotice } from "../../src/store/notice.ts";
import { Connections } from "../../src/store/postgres/connections.ts";
import { isWrongServer, redisUnavailableError } from "../../src/store/redis/errors.ts";

function createReporter() {
  const notices: ServerNotice[] = [];
  const clock = { time: 0 };
  const reporter = new OutageReporter(
    "Redis",
    (notice) => notices.push(notice),
    () => clock.time,
  );
  return { reporter, clock, kinds: () => notices.map(({ kind }) => kind), notices };
}

describe("OutageReporter", () => {
  it("reports an outage once, however many calls fail, and reports its duration when it ends", () => {
    const { reporter, clock, notices } = createReporter();
    for (let call = 0; call < 1000; call++) reporter.recordFailure("It is a replica.", null);
    clock.time = 2500;
    reporter.recordFailure("It is a replica.", null);
    clock.time = 4000;
    reporter.recordSuccess();
    reporter.recordSuccess();
    expect(notices).toEqual([
      { kind: "unavailable", message: "It is a replica.", cause: null },
      {
        kind: "recovered",
        message: "Redis accepts calls again. It rejected calls for 2.5 s: It is a replica.",
      },
    ]);
  });

  it("reports each reason of an outage", () => {
    const { reporter, notices } = createReporter();
    reporter.recordFailure("It is down.", null);
    reporter.recordFailure("It is loading.", null);
    expect(notices.map(({ message }) => message)).toEqual(["It is down.", "It is loading."]);
  });

  it("reports a server's failures at most once in ten seconds, even if the server fails and recovers twice a second", () => {
    const { reporter, clock, kinds } = createReporter();
    for (; clock.time < 20_000; clock.time += 500) {
      reporter.recordFailure("It is a replica.", null);
      reporter.recordSuccess();
    }
    expect(kinds()).toEqual(["unavailable"]);
    clock.time += 1000;
    reporter.recordSuccess();
    expect(kinds()).toEqual(["unavailable", "recovered"]);
    reporter.recordFailure("It is a replica.", null);
    expect(kinds()).toEqual(["unavailable", "recovered", "unavailable"]);
  });

  it("reports no recovery from an outage that it did not report", () => {
    const { reporter, clock, kinds } = createReporter();
    reporter.recordFailure("It is down.", null);
    clock.time = 1500;
    reporter.recordSuccess();
    reporter.recordFailure("It is down.", null);
    clock.time = 3000;
    reporter.recordSuccess();
    expect(kinds()).toEqual(["unavailable", "recovered"]);
  });
});

describe("Connections", () => {
  const reasons: [string, boolean][] = [
    ["25006", true],
    ["57P01", true],
    ["53300", true],
    ["57014", true],
    ["ECONNREFUSED", true],
    ["EPIPE", true],
    ["", true],
    // Errors of a statement, not of the server: malformed text, a duplicate key, a serialization failure.
    ["22021", false],
    ["23505", false],
    ["40001", false],
    ["42P05", false],
  ];

  it.each(reasons)("treats the PostgreSQL error code %j as an outage: %s", (code, expected) => {
    const notices: ServerNotice[] = [];
    const connections = new Connections((notice) => notices.push(notice));
    connections.recordFailure("select 1", Object.assign(new Error("of the driver"), code ? { code } : {}));
    expect(notices.length > 0).toBe(expected);
  });
});

describe("isWrongServer()", () => {
  it.each([
    "READONLY You can't write against a read only replica.",
    "ERR Error running script (call to f_ab): @user_script:12: @user_script: 12: -READONLY You can't write against a read only replica.",
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
    "LOADING Redis is loading the dataset in memory",
    "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)",
    "MOVED 3999 127.0.0.1:6381",
  ])("is true for the Redis error %j", (message) => {
    const error = redisUnavailableError(new Error(message));
    expect(isWrongServer(error)).toBe(true);
    expect(error.message).not.toMatch(/did not respond/);
  });

  it.each(["ERR wrong number of arguments", "OOM command not allowed", "NOSCRIPT No matching script."])(
    "is false for the Redis error %j",
    (message) => expect(isWrongServer(redisUnavailableError(new Error(message)))).toBe(false),
  );
});
