import { appendFileSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fakeClock } from "../../../src/testing/clock.ts";
import { makeCount, makeEvent, makeFullEvent } from "../../../src/testing/visit-events.ts";
import { type NdjsonSinkOptions, ndjsonSink } from "../../../src/visit/sink/ndjson.ts";
import { createTemporaryFolder, listNdjsonFiles, readLines, readNdjson } from "./folders.ts";

const DAY = 86_400_000;
const unavailable = expect.objectContaining({ code: "STORE_UNAVAILABLE" });

describe("ndjsonSink", () => {
  it("writes one line for each event and for each count, and each line says which of the two it is", async () => {
    const folder = createTemporaryFolder();
    const sink = ndjsonSink(folder);
    const [event, count] = [makeEvent(), makeCount({ kind: "ai-agent" })];
    await sink.write({ events: [event], counts: [count] });
    const { kind, ...members } = count;
    expect(readLines(folder).map((line) => JSON.parse(line))).toEqual([
      { kind: "event", ...event },
      { kind: "count", countedKind: kind, ...members },
    ]);
    await sink.close();
  });

  it("replaces lone surrogates in texts and names, but no other characters", async () => {
    const folder = createTemporaryFolder();
    const sink = ndjsonSink(folder);
    const properties = { "\udc00 🌮": ["\ud800", "\\ud800", "\\\ud83c", "🌮"] };
    const event = makeEvent({ properties });
    await sink.write({ events: [event], counts: [] });
    expect(readNdjson(folder).events[0]?.properties).toEqual({
      "\ufffd 🌮": ["\ufffd", "\\ud800", "\\\ufffd", "🌮"],
    });
    expect(readLines(folder)[0]).not.toMatch(/[^\\]\\ud/);
    await sink.close();
  });

  it("writes every column that the documented queries read", async () => {
    const text = readFileSync(new URL("../../../../../docs/visits-export.md", import.meta.url), "utf8");
    const queries = [...text.matchAll(/```sql\n(.*?)```/gs)].map(([, sql]) => sql).join("");
    // Matches `name: 'TYPE'` for DuckDB and `name Type` for ClickHouse.
    const columns = /\b(\w+)'?:? '?(?:VARCHAR|BIGINT|JSON'|STRUCT|String|Int64|Nullable|Tuple)/g;
    const names = [...queries.matchAll(columns)].map(([, name]) => name ?? "");
    const { order, client, source, page } = makeFullEvent();
    const known = [
      makeFullEvent(),
      makeCount(),
      { kind: "", countedKind: "" },
      order,
      client,
      source,
      page,
    ].flatMap((row) => Object.keys(row ?? {}));
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => !known.includes(name))).toEqual([]);
  });

  it("names each file by the UTC day on which it is written, so that it does not change after that day", async () => {
    const folder = createTemporaryFolder();
    const clock = fakeClock(Date.UTC(2026, 0, 31, 23, 59, 59, 999));
    const sink = ndjsonSink({ folder, clock });
    const at = clock.now();
    const write = () => sink.write({ events: [makeEvent({ at })], counts: [] });
    await write();
    clock.pass(1);
    await write();
    await write();
    clock.pass(DAY);
    await write();
    expect(listNdjsonFiles(folder)).toEqual([
      "2026-01-31-1.ndjson",
      "2026-02-01-1.ndjson",
      "2026-02-02-1.ndjson",
    ]);
    expect(readLines(folder)).toHaveLength(4);
    await sink.close();
  });

  it("uses a separate numbered file for each writer in the folder, and reuses the number of a writer that was closed", async () => {
    const folder = createTemporaryFolder();
    const clock = fakeClock();
    const [first, second] = [ndjsonSink({ folder, clock }), ndjsonSink({ folder, clock })];
    const batch = () => ({ events: [makeEvent()], counts: [] });
    await first.write(batch());
    await second.write(batch());
    await first.close();
    const third = ndjsonSink({ folder, clock });
    await third.write(batch());
    expect(listNdjsonFiles(folder)).toEqual(["2026-01-01-1.ndjson", "2026-01-01-2.ndjson"]);
    expect(readLines(folder)).toHaveLength(3);
    await second.close();
    await third.close();
  });

  it("removes an incomplete last line of any length when it opens the folder", async () => {
    for (const torn of ['{"kind":"event","id":"to', "x".repeat(700_000)]) {
      const folder = createTemporaryFolder();
      const first = ndjsonSink(folder);
      await first.write({ events: [makeEvent(), makeEvent()], counts: [] });
      await first.close();
      const path = join(folder, listNdjsonFiles(folder)[0] ?? "");
      const whole = readFileSync(path, "utf8");
      appendFileSync(path, torn);
      const second = ndjsonSink(folder);
      expect(readFileSync(path, "utf8")).toBe(whole);
      await second.write({ events: [makeEvent()], counts: [] });
      expect(readNdjson(folder).events).toHaveLength(3);
      await second.close();
    }
  });

  it("also removes an incomplete last line from files of earlier days", async () => {
    const folder = createTemporaryFolder();
    writeFileSync(join(folder, "2026-01-01-1.ndjson"), '{"kind":"event","id":"1"}\n{"kind"');
    writeFileSync(join(folder, "2026-01-01-12.ndjson"), '{"kind"');
    await ndjsonSink({ folder, clock: fakeClock(Date.UTC(2026, 5, 1)) }).close();
    expect(readFileSync(join(folder, "2026-01-01-1.ndjson"), "utf8")).toBe('{"kind":"event","id":"1"}\n');
    // This is the file of another writer, which may still be writing.
    expect(readFileSync(join(folder, "2026-01-01-12.ndjson"), "utf8")).toBe('{"kind"');
  });

  it("throws STORE_UNAVAILABLE while the disk fails, and writes again afterwards", async () => {
    const folder = createTemporaryFolder();
    const clock = fakeClock();
    const sink = ndjsonSink({ folder, clock });
    const events = [makeEvent()];
    // A folder with the name of the file makes every attempt to open the file fail.
    mkdirSync(join(folder, "2026-01-01-1.ndjson"));
    await expect(sink.write({ events, counts: [] })).rejects.toEqual(unavailable);
    rmSync(join(folder, "2026-01-01-1.ndjson"), { recursive: true });
    await sink.write({ events, counts: [] });
    expect(readNdjson(folder).events).toEqual(events);
    await sink.close();
  });

  it("creates files that only the process's user can read", async () => {
    const folder = join(createTemporaryFolder(), "events");
    const sink = ndjsonSink(folder);
    await sink.write({ events: [makeEvent()], counts: [] });
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, listNdjsonFiles(folder)[0] ?? "")).mode & 0o777).toBe(0o600);
    await sink.close();
  });

  it("rejects unknown options and a folder that cannot be used", () => {
    expect(() => ndjsonSink({ folder: "x", clok: {} } as NdjsonSinkOptions)).toThrow('did you mean "clock"');
    expect(() => ndjsonSink("")).toThrow('folder must be the path of a folder (got "")');
    const file = join(createTemporaryFolder(), "file");
    writeFileSync(file, "");
    expect(() => ndjsonSink(file)).toThrow(unavailable);
  });
});
