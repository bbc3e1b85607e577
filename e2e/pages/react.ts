import { createSessionClient, type SessionView } from "coatcheck/client";
import { createElement } from "react";
import { hydrateRoot } from "react-dom/client";
import { App } from "./app.ts";
import type { User } from "./user.ts";

/* Hydrates the server-rendered page. The test decides when the code of the late Suspense boundary is loaded. */

const initialState: SessionView<User> | null = JSON.parse(
  document.getElementById("state")?.textContent ?? "null",
);
const pageQuery = new URLSearchParams(location.search);
const warnBeforeMs = Number(pageQuery.get("warn") ?? 0);
const redirect = pageQuery.get("redirect") ?? undefined;
const late = Promise.withResolvers<void>();
const client = createSessionClient<User>({ revalidate: { minGap: 0 } });
const hydrationErrors: string[] = [];

Object.assign(window, { client, hydrationErrors, finishLateImport: late.resolve });
hydrateRoot(
  document.getElementById("root") ?? document.body,
  createElement(App, {
    client,
    late: late.promise,
    warnBeforeMs,
    redirect,
    ...(initialState && { initialState }),
  }),
  { onRecoverableError: (error) => hydrationErrors.push(String(error)) },
);
