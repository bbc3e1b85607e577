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
import { Network, noSession, open, success, type User, view } from "../client/browser.ts";

const within = (children: ReactNode, initialState?: ReturnType<typeof view>) =>
  element(
    SessionProvider<User>,
    { client: open(new Network(), { scope: {} }), ...(initialState && { initialState }) },
    children,
  );

function Seeds(): ReactNode {
  const { user, isAuthenticated, loading, needsOnboarding, tenantId } = useSession<User>();
  if (loading) return "loading";
  if (!isAuthenticated) return "please log in";
  return `welcome ${user.name}, ${needsOnboarding}, ${tenantId}`;
}

describe("rendered on a server", () => {
  it("shows what the server knows, by the seeds' fields", () => {
    const known = view("s1");
    const onboarding = { ...known, needsOnboarding: true } as typeof known;
    expect(renderToString(within(element(Seeds), onboarding))).toContain("welcome Ada, true, null");
    expect(renderToString(within(element(Seeds), noSession))).toContain("please log in");
    expect(renderToString(within(element(Seeds)))).toContain("loading");
  });

  it("keeps the users apart that are rendered at the same time", async () => {
    const names = Array.from({ length: 20 }, (_, index) => `user-${index}`);
    const pages = await Promise.all(
      names.map(async (name) => {
        const { prelude } = await prerender(within(element(Seeds), view(name, { name })));
        return new Response(prelude).text();
      }),
    );
    expect(pages.map((page) => /user-\d+/.exec(page)?.[0])).toEqual(names);
  });

  it("opens the gates for whom they are meant", () => {
    const gates = [
      element(Authenticated, { key: 1, fallback: "shut" }, "inside"),
      element(Anonymous, { key: 2 }, "outside"),
    ];
    expect(renderToString(within(gates, view("s1")))).toContain("inside");
    expect(renderToString(within(gates, view("s1")))).not.toContain("outside");
    expect(renderToString(within(gates, view("s1", null)))).toContain("outside");
    expect(renderToString(within(gates, noSession))).not.toContain("inside");
    const unknown = renderToString(within(gates));
    expect([unknown.includes("inside"), unknown.includes("outside"), unknown.includes("shut")]).toEqual([
      false,
      false,
      true,
    ]);
  });

  it("selects, gives the token to a form, and says how well it knows", () => {
    function Parts(): ReactNode {
      const name = useSession<User, string>({ select: ({ user }) => user?.name ?? "guest" });
      const meta = useSessionMeta();
      return `${name} ${useCsrfToken()} ${meta.stale} ${useRequireSession<User>({ redirect: "/" })?.user.name}`;
    }
    expect(renderToString(within(element(Parts), view("s1")))).toContain("Ada token-1 false Ada");
    expect(renderToString(within(element(Parts), noSession))).toContain("guest null false undefined");
  });

  it("suspends until somebody has answered", async () => {
    const Suspended = () => useSuspenseSession<User>().user?.name ?? "nobody";
    const client = open(
      new Network().on("GET /session", () => success(view("s1"))),
      { scope: {} },
    );
    const { prelude } = await prerender(element(SessionProvider<User>, { client }, element(Suspended)));
    expect(await new Response(prelude).text()).toContain("Ada");
  });

  it("renders the dialog closed, and refuses hooks outside a provider", () => {
    expect(renderToString(within(element(SessionExpiryDialog), view("s1")))).toMatch(
      /<dialog(?![^>]*\bopen\b)/,
    );
    expect(() => renderToString(element(Seeds))).toThrow("SessionProvider");
  });
});
