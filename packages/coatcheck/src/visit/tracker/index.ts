/**
 * The visit tracker of a page. It reports page views that the server cannot see, the time for which the page was
 * visible, and events of the application. It has no dependencies and needs no consent tool: the beacons go to the
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
