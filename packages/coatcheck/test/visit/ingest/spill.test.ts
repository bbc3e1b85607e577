import { appendFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { Spill } from "../../../src/visit/ingest/spill.ts";
import { createTemporaryFolder, listNdjsonFiles } from "./folders.ts";

const MB = 1024 * 1024;

function openSpill(path: string, maxBytes = 100 * MB): Spill {
  const spill = new Spill({ path, maxBytes });
  onTestFinished(() => spill.close());
  return spill;
}

/** Creates `count` lines of the same size, which begin with consecutive numbers. */
function makeLines(from: number, count: number, bytes = 100): string[] {
  return Array.from({ length: count }, (_, index) => `${`${from + index} `.padEnd(bytes - 1, "x")}\n`);
}

/** Returns the numbers with which the oldest lines in the spill begin. */
function peekNumbers(spill: Spill, limit: number): number[] {
  const { bytes, count } = spill.peek(limit);
  return bytes.toString().split("\n").slice(0, count).map(Number.parseFloat);
}

describe("Spill", () => {
  it("peek() returns lines in order, and the same lines until they are removed", () => {
    const spill = openSpill(createTemporaryFolder());
    expect(spill.append(makeLines(0, 5))).toBe(5);
    expect(peekNumbers(spill, 2)).toEqual([0, 1]);
    expect(peekNumbers(spill, 3)).toEqual([0, 1, 2]);
    spill.remove(3);
    spill.append(makeLines(5, 2));
    expect(peekNumbers(spill, 10)).toEqual([3, 4, 5, 6]);
    expect(spill.lines).toBe(4);
    spill.remove(4);
    expect(spill.lines).toBe(0);
    spill.append(makeLines(7, 1));
    expect(peekNumbers(spill, 10)).toEqual([7]);
  });

  it("peek() returns lines that are longer than one read of the file", () => {
    const spill = openSpill(createTemporaryFolder());
    spill.append(makeLines(0, 3, MB));
    expect(peekNumbers(spill, 2)).toEqual([0, 1]);
    spill.remove(2);
    expect(peekNumbers(spill, 2)).toEqual([2]);
  });

  it("deletes a segment file when all of its lines were removed", () => {
    const folder = createTemporaryFolder();
    const spill = openSpill(folder);
    for (let from = 0; from < 100; from += 10) spill.append(makeLines(from, 10, MB / 4));
    expect(listNdjsonFiles(folder)).toEqual(["1-00000001.ndjson", "1-00000002.ndjson", "1-00000003.ndjson"]);
    spill.remove(45);
    expect(listNdjsonFiles(folder)).toHaveLength(2);
    expect(peekNumbers(spill, 1)).toEqual([45]);
    spill.remove(55);
    expect(listNdjsonFiles(folder)).toEqual([]);
  });

  it("accepts lines up to its size limit, and more after lines were removed", () => {
    const spill = openSpill(createTemporaryFolder(), 550);
    expect(spill.append(makeLines(0, 10))).toBe(5);
    expect(spill.append(makeLines(5, 1))).toBe(0);
    spill.remove(5);
    expect(spill.append(makeLines(5, 1))).toBe(1);
    expect(peekNumbers(spill, 10)).toEqual([5]);
  });

  it("creates files that only the process's user can read", () => {
    const folder = join(createTemporaryFolder(), "new", "spill");
    const spill = openSpill(folder);
    spill.append(makeLines(0, 1));
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    for (const name of ["1.lock", "1-00000001.ndjson"]) {
      expect(statSync(join(folder, name)).mode & 0o777, name).toBe(0o600);
    }
  });

  it("passes its lines to the next process, except for an incomplete last line", () => {
    const folder = createTemporaryFolder();
    const first = openSpill(folder);
    first.append(makeLines(0, 3));
    first.remove(1);
    first.close();
    appendFileSync(join(folder, "1-00000001.ndjson"), "3 torn");
    const second = openSpill(folder);
    // The segment file still exists, so its removed line is read again.
    expect(second.lines).toBe(3);
    second.append(makeLines(4, 1));
    expect(listNdjsonFiles(folder)).toEqual(["1-00000001.ndjson", "1-00000002.ndjson"]);
    expect(peekNumbers(second, 10)).toEqual([0, 1, 2]);
    second.remove(3);
    expect(peekNumbers(second, 10)).toEqual([4]);
  });

  it("deletes a segment that has no complete line after a crash", () => {
    const folder = createTemporaryFolder();
    writeFileSync(join(folder, "1-00000001.ndjson"), "torn");
    expect(openSpill(folder).lines).toBe(0);
    expect(listNdjsonFiles(folder)).toEqual([]);
  });

  it("includes the lines of a dead process in its size limit", () => {
    const folder = createTemporaryFolder();
    const first = openSpill(folder, 1000);
    first.append(makeLines(0, 8));
    first.close();
    expect(openSpill(folder, 1000).append(makeLines(8, 5))).toBe(2);
  });

  it("takes over the segments of dead processes, but not those of a live process", () => {
    const folder = createTemporaryFolder();
    const [first, second, third] = [openSpill(folder), openSpill(folder), openSpill(folder)];
    first.append(makeLines(100, 1));
    second.append(makeLines(200, 1));
    third.append(makeLines(300, 1));
    expect(first.lines + second.lines + third.lines).toBe(3);
    first.close();
    third.close();
    const next = openSpill(folder);
    expect(next.lines).toBe(2);
    expect(peekNumbers(next, 1)).toEqual([100]);
    next.remove(1);
    expect(peekNumbers(next, 1)).toEqual([300]);
    expect(openSpill(folder).lines).toBe(0);
    expect(peekNumbers(second, 10)).toEqual([200]);
  });

  it("ignores files in its folder that are not segments", () => {
    const folder = createTemporaryFolder();
    for (const name of ["notes.txt", "1.ndjson", "a-1.ndjson"]) writeFileSync(join(folder, name), "0\n");
    expect(openSpill(folder).lines).toBe(0);
    expect(listNdjsonFiles(folder)).toEqual(["1.ndjson", "a-1.ndjson"]);
  });

  it("sync() resolves even if a segment is deleted at the same time", async () => {
    const spill = openSpill(createTemporaryFolder());
    spill.append(makeLines(0, 1));
    const syncs = [spill.sync(), spill.sync()];
    spill.remove(1);
    await Promise.all(syncs);
    await spill.sync();
  });
});
