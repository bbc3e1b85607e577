import { startTracker, type Tracker } from "./tracker.ts";

// The plain script for pages without a bundler: `<script src="/session/visit.js" defer></script>`. The beacon route has
// the script's path without `.js`. The tracker is available as `window.coatcheck`.
const script = document.currentScript;
const path = script instanceof HTMLScriptElement && new URL(script.src).pathname.replace(/\.js$/, "");
const page = globalThis as { coatcheck?: Tracker };
page.coatcheck ??= startTracker(path ? { path } : {});
