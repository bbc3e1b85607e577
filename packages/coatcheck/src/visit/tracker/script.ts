import { startTracker, type Tracker } from "./tracker.ts";

// The plain script for pages without a bundler: `<script src="/session/visit.js" defer></script>`. The beacon route has
// the script's path without `.js`. The tracker is available as `window.coatcheck`.
const scriptElement = document.currentScript;
const beaconPath =
  scriptElement instanceof HTMLScriptElement && new URL(scriptElement.src).pathname.replace(/\.js$/, "");
const globalScope = globalThis as { coatcheck?: Tracker };
globalScope.coatcheck ??= startTracker(beaconPath ? { path: beaconPath } : {});
