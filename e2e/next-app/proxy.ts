import { type NextRequest, NextResponse } from "next/server";
import { probe } from "./lib/probe.ts";
import { sessions } from "./lib/sessions.ts";

const runQuickCheck = sessions.sessionProxy({
  respond: (request, { hasToken }) =>
    hasToken ? undefined : NextResponse.redirect(new URL("/login", request.url)),
});
const runFullCheck = sessions.sessionProxy({ check: "session" });

export function proxy(request: NextRequest) {
  probe.checks += 0;
  return request.nextUrl.pathname.startsWith("/proxied/") ? runQuickCheck(request) : runFullCheck(request);
}

export const config = { matcher: ["/proxied", "/proxied/quick"] };
