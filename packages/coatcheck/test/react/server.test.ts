import { createElement as element, type ReactNode } from "react";
import { renderToString } from "react-dom/server";
import { prerender } from "react-dom/static";
import { describe, expect, it } from "vitest";
import {
  Anonymous,
  Authenticated,
  SessionExpiryDialog,
  SessionProvider,
  useCsrfToken,
  useRequireSession,
  useSession,
  useSessionMeta,
  useSuspenseSession,
} from "../../src/react/index.ts";
import {
  Network,
  noSession,
  openClient,
  sessionView,
  successResponse,
  type User,
} from "../client/fixtures.ts";

const renderInProvider = (children: ReactNode, initialState?: ReturnType<typeof sessionView>) =>
  element(
    SessionProvider<User>,
    { client: openClient(new Network(), { scope: {} }), ...(initialState && { initialState }) },
    children,
  );

function Greeting(): ReactNode {
  const { user, isAuthenticated, loading, needsOnboarding, tenantId } = useSession<User>();
  if (loading) return "loading";
  if (!isAuthenticated) return "please log in";
  return `welcome ${user.name}, ${needsOnboarding}, ${tenantId}`;
}

describe("the React hooks and components on a server", () => {
  it("return `loading`, `isAuthenticated`, `needsOnboarding` and `tenantId` of the initial state", () => {
    const known = sessionView("s1");
    const onboarding = { ...known, needsOnboarding: true } as typeof known;
    expect(renderToString(renderInProvider(element(Greeting), onboarding))).toContain(
      "welcome Ada, true, null",
    );
    expect(renderToString(renderInProvider(element(Greeting), noSession))).toContain("please log in");
    expect(renderToString(renderInProvider(element(Greeting)))).toContain("loading");
  });

  it("do not mix the users of pages that are rendered concurrently", async () => {
    const names = Array.from({ length: 20 }, (_, index) => `user-${index}`);
    const pages = await Promise.all(
      names.map(async (name) => {
        const { prelude } = await prerender(renderInProvider(element(Greeting), sessionView(name, { name })));
        return new Response(prelude).text();
      }),
    );
    expect(pages.map((page) => /user-\d+/.exec(page)?.[0])).toEqual(names);
  });

  it("render the children of <Authenticated> only for a logged-in user, and those of <Anonymous> only for a visitor", () => {
    const gates = [
      element(Authenticated, { key: 1, fallback: "fallback" }, "inside"),
      element(Anonymous, { key: 2 }, "outside"),
    ];
    expect(renderToString(renderInProvider(gates, sessionView("s1")))).toContain("inside");
    expect(renderToString(renderInProvider(gates, sessionView("s1")))).not.toContain("outside");
    expect(renderToString(renderInProvider(gates, sessionView("s1", null)))).toContain("outside");
    expect(renderToString(renderInProvider(gates, noSession))).not.toContain("inside");
    const unknown = renderToString(renderInProvider(gates));
    expect([unknown.includes("inside"), unknown.includes("outside"), unknown.includes("fallback")]).toEqual([
      false,
      false,
      true,
    ]);
  });

  it("return the selected value, the CSRF token, the meta state and the required session", () => {
    function Parts(): ReactNode {
      const name = useSession<User, string>({ select: ({ user }) => user?.name ?? "guest" });
      const meta = useSessionMeta();
      return `${name} ${useCsrfToken()} ${meta.stale} ${useRequireSession<User>({ redirect: "/" })?.user.name}`;
    }
    expect(renderToString(renderInProvider(element(Parts), sessionView("s1")))).toContain(
      "Ada token-1 false Ada",
    );
    expect(renderToString(renderInProvider(element(Parts), noSession))).toContain(
      "guest null false undefined",
    );
  });

  it("suspend until the server has responded", async () => {
    const Suspended = () => useSuspenseSession<User>().user?.name ?? "guest";
    const client = openClient(
      new Network().on("GET /session", () => successResponse(sessionView("s1"))),
      { scope: {} },
    );
    const { prelude } = await prerender(element(SessionProvider<User>, { client }, element(Suspended)));
    expect(await new Response(prelude).text()).toContain("Ada");
  });

  it("render the expiry dialog closed, and throw without a <SessionProvider>", () => {
    expect(renderToString(renderInProvider(element(SessionExpiryDialog), sessionView("s1")))).toMatch(
      /<dialog(?![^>]*\bopen\b)/,
    );
    expect(() => renderToString(element(Greeting))).toThrow("SessionProvider");
  });
});
