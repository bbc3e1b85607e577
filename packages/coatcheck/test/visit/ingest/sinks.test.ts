import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { sinkContract } from "../../../src/testing/sink-suite.ts";
import { makeEvent } from "../../../src/testing/visit-events.ts";
import { memorySink } from "../../../src/visit/sink/memory.ts";
import { ndjsonSink } from "../../../src/visit/sink/ndjson.ts";
import { readNdjson } from "./folders.ts";

sinkContract(
  { describe, it },
  {
    name: "memory",
    open() {
      const sink = memorySink();
      return { sink, read: () => sink.read() };
    },
  },
);

sinkContract(
  { describe, it },
  {
    name: "NDJSON",
    open() {
      const folder = mkdtempSync(join(tmpdir(), "coatcheck-ndjson-"));
      return {
        sink: ndjsonSink(folder),
        other: ndjsonSink(folder),
        read: async () => readNdjson(folder),
        cleanUp: () => rmSync(folder, { recursive: true }),
      };
    },
  },
);

describe("memorySink", () => {
  it("evicts the oldest events above its limit", async () => {
    const sink = memorySink({ maxEvents: 2 });
    const events = [makeEvent(), makeEvent(), makeEvent()];
    await sink.write({ events, counts: [] });
    expect((await sink.read()).events).toEqual(events.slice(1));
  });

  it("rejects unknown options and limits that are not positive integers", () => {
    expect(() => memorySink({ maxEvent: 1 } as object)).toThrow('did you mean "maxEvents"');
    expect(() => memorySink({ maxEvents: 0 })).toThrow("maxEvents must be a positive integer (got 0)");
  });
});
