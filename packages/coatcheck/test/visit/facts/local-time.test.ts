import { describe, expect, it } from "vitest";
import { LocalTime, weekOf } from "../../../src/visit/facts/local-time.ts";
import { HOUR } from "./events.ts";

const DAY = 24 * HOUR;
const dayOf = (year: number, month: number, day: number) => Date.UTC(year, month - 1, day) / DAY;

describe("LocalTime", () => {
  it.each([
    ["UTC", "2026-03-29T00:00:00Z", 24],
    ["Europe/Berlin", "2026-03-28T23:00:00Z", 23],
    ["Europe/Berlin", "2026-10-24T22:00:00Z", 25],
    ["Asia/Kolkata", "2026-03-28T18:30:00Z", 24],
    // The clocks go forward from 0:00 to 1:00.
    ["Africa/Cairo", "2026-04-23T22:00:00Z", 23],
    ["America/Havana", "2026-03-08T05:00:00Z", 23],
    // The clocks go back from 1:00 to 0:00.
    ["America/Havana", "2026-11-01T04:00:00Z", 25],
  ])("in %s, the day that begins at %s has %i hours", (timeZone, start, hours) => {
    const time = new LocalTime(timeZone);
    const begin = Date.parse(start);
    const day = time.dayOf(begin);
    expect(time.dayOf(begin - 1)).toBe(day - 1);
    expect(time.startOfDay(day)).toBe(begin);
    expect(time.startOfDay(day + 1)).toBe(begin + hours * HOUR);
  });

  it("dayOf() returns the local date, not the UTC date", () => {
    const time = new LocalTime("Pacific/Auckland");
    expect(time.dayOf(Date.parse("2026-06-30T12:00:00Z"))).toBe(dayOf(2026, 7, 1));
    expect(time.dayOf(Date.parse("2026-06-30T11:59:59.999Z"))).toBe(dayOf(2026, 6, 30));
  });

  it("hourOf() distinguishes the two hours with the same name when the clocks go back", () => {
    const time = new LocalTime("Europe/Berlin");
    const [first, second] = ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"].map(Date.parse);
    expect(time.startOfHour(first ?? 0)).toBe(Date.parse("2026-10-25T00:00:00Z"));
    expect(time.startOfHour(second ?? 0)).toBe(Date.parse("2026-10-25T01:00:00Z"));
  });

  it("hourOf() returns the start of the local hour, even if the offset is not a whole hour", () => {
    const time = new LocalTime("Asia/Kolkata");
    expect(time.startOfHour(Date.parse("2026-01-01T00:29:00Z"))).toBe(Date.parse("2025-12-31T23:30:00Z"));
  });

  it("throws an error that names the option if the time zone is unknown", () => {
    expect(() => new LocalTime("Mars/Olympus")).toThrow(
      'Invalid visit options: timeZone must be an IANA time zone, such as "Europe/Berlin" (got "Mars/Olympus")',
    );
  });
});

describe("weekOf", () => {
  it.each([
    [dayOf(2026, 11, 30), dayOf(2026, 11, 30)],
    [dayOf(2026, 12, 6), dayOf(2026, 11, 30)],
    [dayOf(2026, 12, 7), dayOf(2026, 12, 7)],
    [dayOf(1969, 12, 31), dayOf(1969, 12, 29)],
  ])("for day %i, returns day %i, the Monday of its week", (day, monday) => {
    expect(weekOf(day)).toBe(monday);
  });
});
