/* The type check compiles this file; no test runs it. The line below each `@ts-expect-error` must not compile. */
import { useRequireSession, useSession, useSuspenseSession } from "../../src/react/index.ts";

interface User {
  readonly email: string;
}

export function UseSession(): string {
  const session = useSession<User>();
  const { user, isAuthenticated, loading } = session;
  // @ts-expect-error: the user may be null
  user.email;
  if (loading) return session.status satisfies "pending";
  // @ts-expect-error: an anonymous session has no user
  if (!isAuthenticated) return user.email;
  return user.email + session.session.id + session.tenantId;
}

export function UseSuspenseSession(): string | undefined {
  const session = useSuspenseSession<User>();
  // @ts-expect-error: the status cannot be pending here
  return session.status === "pending" ? undefined : session.session?.id;
}

export function UseRequireSession(): string {
  const session = useRequireSession<User>({ redirect: "/login" });
  // @ts-expect-error: the session may be null
  session.user;
  return session?.user.email ?? "redirecting to the login";
}

export function UseSessionWithSelect(): number {
  const length = useSession<User, number>({ select: ({ user }) => user?.email.length ?? 0 });
  // @ts-expect-error: the selection is a number
  length.email;
  // @ts-expect-error: the user may be null
  useSession<User, string>({ select: ({ user }) => user.email });
  return length;
}
