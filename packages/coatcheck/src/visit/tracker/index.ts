/**
 * The script of a page for visits: it reports views that the server cannot see, the time for which the page was
 * visible, and events of the application. It has no dependency and needs no consent tool: the beacons go to the
 * application's own host, with the visitor cookie that scripts cannot read.
 *
 * @example
 * ```ts
 * import { startTracker } from "coatcheck/tracker";
 *
 * const tracker = startTracker();
 * tracker.track("video_started", { video: "how-tacos-are-made" });
 * ```
 *
 * @module
 */

export type { Beacon, BeaconEvent } from "../beacon.ts";
export type { TrackerScope } from "./scope.ts";
export { startTracker, type Tracker, type TrackerOptions } from "./tracker.ts";
