import type { SessionClient, SessionView } from "coatcheck/client";
import {
  Authenticated,
  DeviceList,
  SessionExpiryDialog,
  SessionProvider,
  useRequireSession,
  useSession,
} from "coatcheck/react";
import { createElement as element, lazy, type ReactNode, Suspense } from "react";
import type { User } from "./user.ts";

/* The React page. The server renders it, the browser hydrates it. */

function Greeting({ index }: { readonly index: number }): ReactNode {
  const { isAuthenticated, loading, user } = useSession<User>();
  const text = loading ? "…" : isAuthenticated ? `Hello ${user.name}` : "Hello guest";
  return element("li", { className: "greeting", key: index }, text);
}

function Guarded({ redirect }: { readonly redirect: string }): ReactNode {
  const session = useRequireSession<User>({ redirect });
  return session && element("p", { id: "guarded" }, session.user.name);
}

/** Renders ten components that use the session, and one Suspense boundary with code that is loaded late. */
export function App(props: {
  readonly client: SessionClient<User>;
  readonly initialState?: SessionView<User>;
  readonly late: Promise<void>;
  readonly warnBeforeMs?: number;
  /** The path that users who are not logged in are redirected to. */
  readonly redirect?: string | undefined;
}): ReactNode {
  const { client, initialState, late, warnBeforeMs = 0, redirect } = props;
  const Late = getLateGreeting(late);
  return element(
    SessionProvider<User>,
    { client, ...(initialState && { initialState }) },
    element(
      "ul",
      null,
      Array.from({ length: 10 }, (_, index) => element(Greeting, { index, key: index })),
    ),
    redirect && element(Guarded, { redirect }),
    element(Suspense, { fallback: element("p", null, "loading") }, element(Late)),
    element(
      Authenticated,
      { fallback: element("p", { id: "outside" }, "Please log in") },
      element("input", { id: "note", "aria-label": "Note" }),
      element(DeviceList),
      warnBeforeMs > 0 && element(SessionExpiryDialog, { warnBeforeMs }),
    ),
  );
}

const lateComponents = new WeakMap<Promise<void>, ReturnType<typeof createLateGreeting>>();
const createLateGreeting = (late: Promise<void>) =>
  lazy(async () => {
    await late;
    return { default: () => element("section", { id: "late" }, element(Greeting, { index: 0 })) };
  });

/** Returns the same lazy component for the same promise, because React compares components by identity. */
function getLateGreeting(late: Promise<void>) {
  const component = lateComponents.get(late) ?? createLateGreeting(late);
  lateComponents.set(late, component);
  return component;
}
