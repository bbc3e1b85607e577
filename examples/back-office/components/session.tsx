"use client";

import { ServerSessionProvider, type ServerSessionProviderProps } from "coatcheck/react/next";
import type { PublicUser } from "../lib/sessions.ts";

/**
 * Provides the session to client components. When another tab or device ends the session, the server renders the page
 * again.
 */
export function Session(props: ServerSessionProviderProps<PublicUser>) {
  return <ServerSessionProvider<PublicUser> {...props} />;
}
