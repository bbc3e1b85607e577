const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const CLOCK_PATTERN = /^([01]\d|2[0-3]):([0-5]\d)$/;
const TIMESTAMP_PATTERN =
  /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?(Z|[+-][01]\d:[0-5]\d)$/;

/**
 * Returns the next time after `now` at which clocks in `timeZone` show `value`, in epoch milliseconds.
 *
 * @param value - a time of day, `HH:MM`. For any other text, the result is null.
 */
export function nextClockTime(value: string, now: number, timeZone: string): number | null {
  const [, hours, minutes] = CLOCK_PATTERN.exec(value) ?? [];
  if (hours === undefined || minutes === undefined) return null;
  const local = now + offsetOf(now, timeZone);
  const wanted = local - (local % DAY) + (Number(hours) * 60 + Number(minutes)) * MINUTE;
  const today = localTimeToUtc(wanted, now, timeZone);
  return today > now ? today : localTimeToUtc(wanted + DAY, now, timeZone);
}

/** Parses an RFC 3339 timestamp to epoch milliseconds. Returns null if it is malformed or its date does not exist. */
export function parseTimestamp(value: string): number | null {
  const [, year, month, day] = (TIMESTAMP_PATTERN.exec(value) ?? []).map(Number);
  if (year === undefined || month === undefined || day === undefined) return null;
  const last = new Date(Date.UTC(year, month, 0)).getUTCDate();
  return month >= 1 && month <= 12 && day >= 1 && day <= last ? Date.parse(value) : null;
}

/**
 * Converts the local time `wanted` in `timeZone` to UTC. A time skipped by daylight saving becomes one hour later.
 */
function localTimeToUtc(wanted: number, now: number, timeZone: string): number {
  const instant = wanted - offsetOf(wanted - offsetOf(now, timeZone), timeZone);
  return Math.max(instant, wanted - offsetOf(instant, timeZone));
}

/** Returns the offset of `timeZone` from UTC at `time`, in milliseconds. */
function offsetOf(time: number, timeZone: string): number {
  const name = new Intl.DateTimeFormat("en", { timeZone, timeZoneName: "longOffset" })
    .formatToParts(time)
    .find(({ type }) => type === "timeZoneName");
  const [, sign, hours = "0", minutes = "0"] = /([+-])(\d\d):(\d\d)/.exec(name?.value ?? "") ?? [];
  return (Number(hours) * 60 + Number(minutes)) * MINUTE * (sign === "-" ? -1 : 1);
}
