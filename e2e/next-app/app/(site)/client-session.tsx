"use client";

import { useSession } from "coatcheck/react";
import { ServerSessionProvider } from "coatcheck/react/next";
import type { ComponentProps } from "react";
import type { User } from "../../lib/sessions.ts";

export function ClientSession(props: ComponentProps<typeof ServerSessionProvider<User>>) {
  return (
    <ServerSessionProvider<User> {...props}>
      <Badge />
      {props.children}
    </ServerSessionProvider>
  );
}

function Badge() {
  const { status, user } = useSession<User>();
  return <p id="badge">{`${status}:${user?.id ?? "-"}`}</p>;
}
