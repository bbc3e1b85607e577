import { describe, expect, it } from "vitest";
import { coatcheck, redirectTarget } from "../../../src/http/next/adapter.ts";
import { SessionManager } from "../../../src/session/manager.ts";
import { memoryStore } from "../../../src/store/memory.ts";

const open = () => new SessionManager({ store: memoryStore(), secrets: ["the secret of this test"] });

describe("redirectTarget()", () => {
  it.each(["/", "/account", "/account?tab=1#top", "/a//b", "/é"])("returns the path %s", (target) => {
    expect(redirectTarget(target)).toBe(target);
  });

  it.each([
    "https://evil.example",
    "//evil.example",
    "/\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "account",
    "",
    null,
    undefined,
    ["/account"],
  ])("returns the fallback for %j", (target) => {
    expect(redirectTarget(target, "/home")).toBe("/home");
  });
});

describe("coatcheck() for Next.js", () => {
  it("rejects unknown options, invalid options, and a manager in place of the function that opens it", () => {
    expect(() => coatcheck(open() as never)).toThrow(/open must be a function/);
    expect(() => coatcheck(open, { signIn: "https://evil.example" })).toThrow(/signIn must be a path/);
    expect(() => coatcheck(open, { user: "ann" } as never)).toThrow(/user must be a function/);
    expect(() => coatcheck(open, { actionsWithoutOrigin: "allow" } as never)).toThrow(/must be one of/);
    expect(() => coatcheck(open, { cokie: {} } as never)).toThrow(/did you mean "cookie"/);
  });

  it("opens the manager only once, unless opening failed or close() was called", async () => {
    let opens = 0;
    const openSometimes = () => {
      opens++;
      if (opens === 1) throw new Error("The database does not respond.");
      return open();
    };
    const [first, second] = [1, 2].map(() => coatcheck(openSometimes, { name: "reopened" }));
    await expect(first?.manager()).rejects.toThrow("does not respond");
    expect(await first?.manager()).toBe(await second?.manager());
    expect(opens).toBe(2);
    await first?.close();
    await second?.manager();
    expect(opens).toBe(3);
    await second?.close();
  });
});
