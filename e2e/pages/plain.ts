import { createSessionManager, followEvents } from "coatcheck/client";
import type { User } from "./user.ts";

/* A page without a framework: shows the session's status, and lends its manager to the test. */

const query = new URLSearchParams(location.search);
const manager = createSessionManager<User>(JSON.parse(query.get("options") ?? "{}"));

manager.$session.subscribe(({ status, user }) => {
  document.body.dataset.status = status;
  document.body.dataset.user = user?.name ?? "";
  document.body.dataset.since = String(Date.now());
});
manager.$meta.subscribe(({ signOut, stale, offline }) => {
  document.body.dataset.signOut = signOut ?? "";
  document.body.dataset.stale = String(stale);
  document.body.dataset.offline = String(offline);
});

addEventListener("pageshow", ({ persisted }) => {
  document.body.dataset.persisted = String(persisted);
});

Object.assign(window, { manager });
if (!query.has("silent")) manager.getSession().catch(() => {});
if (query.has("events")) followEvents(manager);
