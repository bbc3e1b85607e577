"use client";

import { ServerSessionProvider, type ServerSessionProviderProps } from "coatcheck/react/next";
import type { PublicUser } from "../lib/sessions.ts";

/** Gives the session to client components. When it ends elsewhere, the server renders the page again. */
export function Session(props: ServerSessionProviderProps<PublicUser>) {
  return <ServerSessionProvider<PublicUser> {...props} />;
}
