import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { createEventQueue } from "../../../src/visit/ingest/queue.ts";
import { memorySink } from "../../../src/visit/sink/memory.ts";
import { createTemporaryFolder, listNdjsonFiles, readLines, readNdjson } from "./folders.ts";

const script = fileURLToPath(new URL("tracking-process.ts", import.meta.url));

interface Tracker {
  readonly child: ChildProcess;
  readonly spill: string;
  readonly folder: string;
  /** The lines that the process has printed: the id of each tracked event, and `tick` in each batch interval. */
  readonly lines: readonly string[];
  /** Waits until the process has printed the line `text` `count` more times. */
  untilPrinted(text: string, count: number): Promise<void>;
  /** Sends the signal to the process, and waits until the process has ended and all of its output was read. */
  kill(signal: NodeJS.Signals): Promise<void>;
}

interface TrackerOptions {
  readonly behaviour: "works" | "fails" | "hangs";
  readonly spill?: string;
  /** Maximum size of a file that the process writes, in KB. */
  readonly fileLimit?: number;
}

function startTracker({ behaviour, spill = createTemporaryFolder(), fileLimit }: TrackerOptions): Tracker {
  const folder = createTemporaryFolder();
  const limit = fileLimit ? `ulimit -f ${fileLimit}; ` : "";
  const command = `${limit}exec "$0" --conditions=coatcheck-source "$@"`;
  const child = spawn("bash", ["-c", command, process.execPath, script, spill, folder, behaviour], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout as NonNullable<typeof child.stdout> });
  reader.on("line", (line) => lines.push(line));
  const ended = once(reader, "close");
  return {
    child,
    spill,
    folder,
    lines,
    async untilPrinted(text, count) {
      const end = lines.filter((line) => line === text).length + count;
      while (lines.filter((line) => line === text).length < end) await once(reader, "line");
    },
    async kill(signal) {
      child.kill(signal);
      await ended;
    },
  };
}

/** Returns the ids after which the process has printed at least `after` ticks. If `after` is 0, returns all ids. */
function idsBeforeTick(lines: readonly string[], after: number): string[] {
  const ticks = lines.flatMap((line, index) => (line === "tick" ? [index] : []));
  const end = after === 0 ? lines.length : ticks.at(-after);
  return lines.slice(0, end).filter((line) => line.length === 36);
}

/**
 * Opens another queue with the same spill folder, as the next process does. Returns the ids that this queue delivers.
 */
async function deliverFromSpill(spill: string): Promise<string[]> {
  const sink = memorySink({ maxEvents: 1_000_000 });
  const queue = createEventQueue({ sink, spill: { path: spill } });
  await queue.flush();
  await queue.close();
  return (await sink.read()).events.map(({ id }) => id);
}

describe("kill -9 during ingest", () => {
  for (const behaviour of ["works", "fails", "hangs"] as const) {
    it(`loses at most the events of the last two batch intervals if the sink ${behaviour}`, async () => {
      const tracker = startTracker({ behaviour });
      await tracker.untilPrinted("tick", 12);
      await tracker.kill("SIGKILL");
      const inSink = readNdjson(tracker.folder).events.map(({ id }) => id);
      const inSpill = await deliverFromSpill(tracker.spill);
      const stored = new Set([...inSink, ...inSpill]);
      const due = idsBeforeTick(tracker.lines, 3);
      expect(due.length).toBeGreaterThan(100);
      expect(due.filter((id) => !stored.has(id))).toEqual([]);
      const tracked = new Set(idsBeforeTick(tracker.lines, 0));
      expect([...stored].filter((id) => !tracked.has(id))).toEqual([]);
      expect((behaviour === "works" ? inSink : inSpill).length).toBeGreaterThan(100);
      expect(readLines(tracker.spill)).toEqual([]);
    });
  }
});

describe("SIGTERM during ingest", () => {
  for (const behaviour of ["works", "fails", "hangs"] as const) {
    it(`loses nothing if the process closes the queue and the sink ${behaviour}`, async () => {
      const tracker = startTracker({ behaviour });
      await tracker.untilPrinted("tick", 5);
      await tracker.kill("SIGTERM");
      expect(tracker.lines.at(-1)).toBe("closed");
      const inSink = readNdjson(tracker.folder).events.map(({ id }) => id);
      const stored = new Set([...inSink, ...(await deliverFromSpill(tracker.spill))]);
      expect([...stored].sort()).toEqual(idsBeforeTick(tracker.lines, 0).sort());
    });
  }
});

describe("IngestQueue with a shared spill folder", () => {
  it("delivers the segments of a dead process, but not those of a live process", async () => {
    const tracker = startTracker({ behaviour: "fails" });
    await tracker.untilPrinted("tick", 5);
    expect(await deliverFromSpill(tracker.spill)).toEqual([]);
    expect(readLines(tracker.spill).length).toBeGreaterThan(0);
    await tracker.untilPrinted("tick", 5);
    const second = startTracker({ behaviour: "fails", spill: tracker.spill });
    await second.untilPrinted("tick", 5);
    await tracker.kill("SIGKILL");
    const delivered = new Set(await deliverFromSpill(tracker.spill));
    expect(idsBeforeTick(tracker.lines, 3).filter((id) => !delivered.has(id))).toEqual([]);
    expect(idsBeforeTick(second.lines, 0).filter((id) => delivered.has(id))).toEqual([]);
    await second.untilPrinted("tick", 5);
    await second.kill("SIGKILL");
    const rest = new Set(await deliverFromSpill(tracker.spill));
    expect(idsBeforeTick(second.lines, 3).filter((id) => !rest.has(id))).toEqual([]);
    expect([...rest].filter((id) => delivered.has(id))).toEqual([]);
  });

  it("loses nothing when a write to the spill fails half-way", async () => {
    // A write that exceeds the limit stores the part within the limit, and then fails with EFBIG.
    const tracker = startTracker({ behaviour: "fails", fileLimit: 300 });
    while (idsBeforeTick(tracker.lines, 0).length < 2000) await tracker.untilPrinted("tick", 1);
    await tracker.kill("SIGTERM");
    expect(tracker.lines.at(-1)).toBe("closed");
    const files = listNdjsonFiles(tracker.spill);
    expect(files.length).toBeGreaterThan(2);
    const stored = await deliverFromSpill(tracker.spill);
    expect(stored).toEqual(idsBeforeTick(tracker.lines, 0));
  });
});

describe("a process without other tasks", () => {
  const stopping = fileURLToPath(new URL("stopping-process.ts", import.meta.url));
  const run = async (...args: string[]) => {
    const options = ["--conditions=coatcheck-source", stopping, ...args];
    return (await promisify(execFile)(process.execPath, options)).stdout.trim();
  };

  it("does not exit before trackDurably(), flush() or close() has finished", async () => {
    expect(await run("track", "works")).toBe("96 0");
    expect(await run("flush", "works")).toBe("95 0");
    expect(await run("close", "works")).toBe("95 0");
    // The process prints the number of stored events, then the number of dropped events.
    expect(await run("close", "fails")).toBe("0 95");
  });

  it("does not exit before close() has written all events to disk if the sink hangs", async () => {
    const path = createTemporaryFolder();
    expect(await run("close", "hangs", path)).toBe("0 0");
    expect(readLines(path)).toHaveLength(95);
  });
});
