import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it, onTestFinished } from "vitest";
import { createEventQueue } from "../../../src/visit/ingest/queue.ts";
import { memorySink } from "../../../src/visit/sink/memory.ts";
import { linesOf, ndjsonFiles, readNdjson, temporaryFolder } from "./folders.ts";

const script = fileURLToPath(new URL("tracking-process.ts", import.meta.url));

interface Tracker {
  readonly child: ChildProcess;
  readonly spill: string;
  readonly folder: string;
  /** The lines that the process has printed: ids of events, and `tick` for each batch interval. */
  readonly lines: readonly string[];
  /** Waits until the process has printed `text` `count` more times. */
  printed(text: string, count: number): Promise<void>;
  /** Kills the process, and waits until all of its output was read. */
  kill(signal: NodeJS.Signals): Promise<void>;
}

interface TrackerOptions {
  readonly behaviour: "works" | "fails" | "hangs";
  readonly spill?: string;
  /** Largest file that the process may write, in KB. */
  readonly fileLimit?: number;
}

function startTracker({ behaviour, spill = temporaryFolder(), fileLimit }: TrackerOptions): Tracker {
  const folder = temporaryFolder();
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
    async printed(text, count) {
      const end = lines.filter((line) => line === text).length + count;
      while (lines.filter((line) => line === text).length < end) await once(reader, "line");
    },
    async kill(signal) {
      child.kill(signal);
      await ended;
    },
  };
}

/**
 * Returns the ids that the process printed before one of the last ticks: 1 means the last tick, 2 the tick before it. 0
 * returns all ids.
 */
function trackedBefore(lines: readonly string[], after: number): string[] {
  const ticks = lines.flatMap((line, index) => (line === "tick" ? [index] : []));
  const end = after === 0 ? lines.length : ticks.at(-after);
  return lines.slice(0, end).filter((line) => line.length === 36);
}

/** Starts a second process on the folder, and returns the ids that it delivers. */
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
      await tracker.printed("tick", 12);
      await tracker.kill("SIGKILL");
      const inSink = readNdjson(tracker.folder).events.map(({ id }) => id);
      const inSpill = await deliverFromSpill(tracker.spill);
      const stored = new Set([...inSink, ...inSpill]);
      const due = trackedBefore(tracker.lines, 3);
      expect(due.length).toBeGreaterThan(100);
      expect(due.filter((id) => !stored.has(id))).toEqual([]);
      const tracked = new Set(trackedBefore(tracker.lines, 0));
      expect([...stored].filter((id) => !tracked.has(id))).toEqual([]);
      expect((behaviour === "works" ? inSink : inSpill).length).toBeGreaterThan(100);
      expect(linesOf(tracker.spill)).toEqual([]);
    });
  }
});

describe("SIGTERM during ingest", () => {
  for (const behaviour of ["works", "fails", "hangs"] as const) {
    it(`loses nothing if the process closes the queue and the sink ${behaviour}`, async () => {
      const tracker = startTracker({ behaviour });
      await tracker.printed("tick", 5);
      await tracker.kill("SIGTERM");
      expect(tracker.lines.at(-1)).toBe("closed");
      const inSink = readNdjson(tracker.folder).events.map(({ id }) => id);
      const stored = new Set([...inSink, ...(await deliverFromSpill(tracker.spill))]);
      expect([...stored].sort()).toEqual(trackedBefore(tracker.lines, 0).sort());
    });
  }
});

describe("IngestQueue with a shared spill folder", () => {
  it("delivers the segments of a dead process, but not those of a live one", async () => {
    const tracker = startTracker({ behaviour: "fails" });
    await tracker.printed("tick", 5);
    expect(await deliverFromSpill(tracker.spill)).toEqual([]);
    expect(linesOf(tracker.spill).length).toBeGreaterThan(0);
    await tracker.printed("tick", 5);
    const second = startTracker({ behaviour: "fails", spill: tracker.spill });
    await second.printed("tick", 5);
    await tracker.kill("SIGKILL");
    const delivered = new Set(await deliverFromSpill(tracker.spill));
    expect(trackedBefore(tracker.lines, 3).filter((id) => !delivered.has(id))).toEqual([]);
    expect(trackedBefore(second.lines, 0).filter((id) => delivered.has(id))).toEqual([]);
    await second.printed("tick", 5);
    await second.kill("SIGKILL");
    const rest = new Set(await deliverFromSpill(tracker.spill));
    expect(trackedBefore(second.lines, 3).filter((id) => !rest.has(id))).toEqual([]);
    expect([...rest].filter((id) => delivered.has(id))).toEqual([]);
  });

  it("loses nothing when a write to the spill fails half-way", async () => {
    // Writes beyond the limit fail with EFBIG after the part within the limit was written.
    const tracker = startTracker({ behaviour: "fails", fileLimit: 300 });
    while (trackedBefore(tracker.lines, 0).length < 2000) await tracker.printed("tick", 1);
    await tracker.kill("SIGTERM");
    expect(tracker.lines.at(-1)).toBe("closed");
    const files = ndjsonFiles(tracker.spill);
    expect(files.length).toBeGreaterThan(2);
    const stored = await deliverFromSpill(tracker.spill);
    expect(stored).toEqual(trackedBefore(tracker.lines, 0));
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
    const path = temporaryFolder();
    expect(await run("close", "hangs", path)).toBe("0 0");
    expect(linesOf(path)).toHaveLength(95);
  });
});
