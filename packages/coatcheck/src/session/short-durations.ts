import { warnOnce } from "./warn-once.ts";

const SECOND = 1000;

/**
 * The shortest usual duration of each kind, in milliseconds. A shorter duration is probably a number of seconds or
 * minutes. `lifetime`: how long a session, a login, or a copy that many requests share is valid. `grace`: how long a
 * proof or outdated data is accepted. `wait`: how long to wait for another system. `quickWait`: how long to wait for a
 * cache on the same network.
 */
const SHORTEST_USUAL_DURATIONS = { lifetime: 60 * SECOND, grace: SECOND, wait: 50, quickWait: 10 };

/**
 * Warns of each duration that is probably a number of seconds. Tests commonly use such short durations, so there is no
 * warning in tests. Zero and Infinity, which some options accept, are never short.
 *
 * @param input the name of the options object in the warning, such as "session policy".
 * @param kind the kind of the durations, see {@link SHORTEST_USUAL_DURATIONS}.
 * @param durations the valid durations in milliseconds, by name. Null and undefined are ignored.
 */
export function warnOfShortDurations(
  input: string,
  kind: keyof typeof SHORTEST_USUAL_DURATIONS,
  durations: Readonly<Record<string, number | null | undefined>>,
): void {
  for (const [name, value] of Object.entries(durations)) {
    if (!value || value >= SHORTEST_USUAL_DURATIONS[kind] || process.env.NODE_ENV === "test") continue;
    const message = `Probable mistake in the ${input}: ${name} is ${value} milliseconds, which is very short. Durations are in milliseconds: for ${value} seconds, write ${value * SECOND}.`;
    warnOnce(message, "COATCHECK_SHORT_DURATION");
  }
}
