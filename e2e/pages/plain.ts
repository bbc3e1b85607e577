import { createSessionClient, followEvents } from "coatcheck/client";
import type { User } from "./user.ts";

/* The script of a page without a framework. Shows the session's status, and sets `window.client` for the test. */

const pageQuery = new URLSearchParams(location.search);
const client = createSessionClient<User>(JSON.parse(pageQuery.get("options") ?? "{}"));

client.$session.subscribe(({ status, user }) => {
  document.body.dataset.status = status;
  document.body.dataset.user = user?.name ?? "";
  document.body.dataset.since = String(Date.now());
});
client.$meta.subscribe(({ signOut, stale, offline }) => {
  document.body.dataset.signOut = signOut ?? "";
  document.body.dataset.stale = String(stale);
  document.body.dataset.offline = String(offline);
});

addEventListener("pageshow", ({ persisted }) => {
  document.body.dataset.persisted = String(persisted);
});

Object.assign(window, { client });
if (!pageQuery.has("silent")) client.getSession().catch(() => {});
if (pageQuery.has("events")) followEvents(client);
