import { Activity, createElement, type ReactNode, useState } from "react";
import { useSession } from "./use-session.ts";

export interface GateProps {
  readonly children?: ReactNode;
  /** What to render instead of the children. Default: nothing. */
  readonly fallback?: ReactNode;
}

/**
 * Renders its children if a user is logged in. When the page returns from the back/forward cache, the children are
 * hidden until the server has responded. They stay mounted, so the user's input is not lost.
 */
export function Authenticated({ children, fallback = null }: GateProps): ReactNode {
  const status = useSession<unknown, string>({ select: (session) => session.status });
  const inside = status === "authenticated";
  const [wasInside, setWasInside] = useState(inside);
  if (status !== "pending" && inside !== wasInside) setWasInside(inside);
  if (!inside && !(wasInside && status === "pending")) return fallback;
  return createElement(Activity, { mode: inside ? "visible" : "hidden", children });
}

/** Renders its children if no user is logged in. While the status is `pending`, it renders the fallback. */
export function Anonymous({ children, fallback = null }: GateProps): ReactNode {
  const outside = useSession<unknown, boolean>({
    select: ({ loading, isAuthenticated }) => !loading && !isAuthenticated,
  });
  return outside ? children : fallback;
}
