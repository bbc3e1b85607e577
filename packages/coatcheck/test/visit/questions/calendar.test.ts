import fc from "fast-check";
import { expect, it } from "vitest";
import {
  addDays,
  addMonths,
  datesBetween,
  isCalendarDate,
  isTimeZone,
  LocalCalendar,
  mondayOf,
} from "../../../src/visit/questions/calendar.ts";

const HOUR = 3_600_000;
const zurich = new LocalCalendar("Europe/Zurich");

it.each([
  ["2026-03-28", "2026-03-27T23:00:00Z", 24],
  ["2026-03-29", "2026-03-28T23:00:00Z", 23],
  ["2026-10-25", "2026-10-24T22:00:00Z", 25],
  ["2026-10-26", "2026-10-25T23:00:00Z", 24],
])("LocalCalendar begins %s in Zurich at %s and gives it %d hours", (date, start, hours) => {
  expect(zurich.startOfDay(date)).toBe(Date.parse(start));
  expect(zurich.startOfDay(addDays(date, 1)) - zurich.startOfDay(date)).toBe(hours * HOUR);
});

it("in LocalCalendar, a day begins at 01:00 if the clocks go forward at midnight", () => {
  // On 24 April 2026, the clocks in Cairo go forward from 00:00 to 01:00.
  const cairo = new LocalCalendar("Africa/Cairo");
  const start = cairo.startOfDay("2026-04-24");
  expect(cairo.formatTime(start)).toBe("2026-04-24T01:00:00+03:00");
  expect(cairo.dateAt(start - 1)).toBe("2026-04-23");
});

it.each(["Europe/Zurich", "America/St_Johns", "Asia/Kolkata", "Pacific/Apia", "Australia/Lord_Howe", "UTC"])(
  "LocalCalendar finds the local date of any time in %s",
  (timeZone) => {
    const calendar = new LocalCalendar(timeZone);
    const times = fc.integer({ min: Date.UTC(2012, 0), max: Date.UTC(2035, 0) });
    fc.assert(
      fc.property(times, (time) => {
        const date = calendar.dateAt(time);
        expect(calendar.startOfDay(date)).toBeLessThanOrEqual(time);
        expect(calendar.startOfDay(addDays(date, 1))).toBeGreaterThan(time);
        expect(Date.parse(calendar.formatTime(time))).toBe(Math.floor(time / 1000) * 1000);
      }),
      { numRuns: 100 },
    );
  },
);

it("addMonths() returns the last day of the target month if that month is too short", () => {
  expect(addMonths("2026-01-31", 1)).toBe("2026-02-28");
  expect(addMonths("2024-02-29", -12)).toBe("2023-02-28");
  expect(addMonths("2026-01-15", -12)).toBe("2025-01-15");
  expect(addMonths("2026-11-30", 25)).toBe("2028-12-30");
});

it("mondayOf() returns the Monday of the week", () => {
  expect(datesBetween("2026-10-05", "2026-10-11").map(mondayOf)).toEqual(Array(7).fill("2026-10-05"));
  expect(mondayOf("2026-10-12")).toBe("2026-10-12");
});

it.each(["2026-02-29", "2026-13-01", "2026-1-1", "2026-10-05T00:00", "1969-12-31", "", 20261005, null])(
  "isCalendarDate() rejects %j",
  (value) => {
    expect(isCalendarDate(value)).toBe(false);
  },
);

it("isTimeZone() accepts only valid time zones", () => {
  expect(["UTC", "Europe/Zurich", "Mars/Olympus", "", 1].map(isTimeZone)).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
});
