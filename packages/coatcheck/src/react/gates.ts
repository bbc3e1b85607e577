import { Activity, createElement, type ReactNode, useState } from "react";
import { useSession } from "./use-session.ts";

export interface GateProps {
  readonly children?: ReactNode;
  /** What everybody else sees. */
  readonly fallback?: ReactNode;
}

/**
 * Shows its children to somebody who is logged in. When the page comes back from the back/forward cache they are hidden
 * until the server has answered, and keep what was typed into them.
 */
export function Authenticated({ children, fallback = null }: GateProps): ReactNode {
  const status = useSession<unknown, string>({ select: (session) => session.status });
  const inside = status === "authenticated";
  const [wasInside, setWasInside] = useState(inside);
  if (status !== "pending" && inside !== wasInside) setWasInside(inside);
  if (!inside && !(wasInside && status === "pending")) return fallback;
  return createElement(Activity, { mode: inside ? "visible" : "hidden", children });
}

/** Shows its children to whoever is known not to be logged in. */
export function Anonymous({ children, fallback = null }: GateProps): ReactNode {
  const outside = useSession<unknown, boolean>({
    select: ({ loading, isAuthenticated }) => !loading && !isAuthenticated,
  });
  return outside ? children : fallback;
}
