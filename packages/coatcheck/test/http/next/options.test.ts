import { describe, expect, it } from "vitest";
import { coatcheck, redirectTarget } from "../../../src/http/next/adapter.ts";
import { SessionManager } from "../../../src/session/manager.ts";
import { memoryStore } from "../../../src/store/memory.ts";
import { createEventQueue, createVisits } from "../../../src/visit/index.ts";
import { memorySink } from "../../../src/visit/sink/memory.ts";

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
  it("rejects unknown options, invalid options, and a manager instead of a function that opens a manager", () => {
    expect(() => coatcheck(open() as never)).toThrow(/open must be a function/);
    expect(() => coatcheck(open, { signIn: "https://evil.example" })).toThrow(/signIn must be a path/);
    expect(() => coatcheck(open, { user: "ann" } as never)).toThrow(/user must be a function/);
    expect(() => coatcheck(open, { actionsWithoutOrigin: "allow" } as never)).toThrow(/must be one of/);
    expect(() => coatcheck(open, { visits: {} } as never)).toThrow(/visits must be a function that opens/);
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

  it("opens and closes the visits together with the manager, and opens both again if opening the visits failed", async () => {
    const steps: string[] = [];
    const openManager = () => {
      steps.push("open manager");
      const manager = open();
      const close = manager.close.bind(manager);
      manager.close = async () => {
        steps.push("close manager");
        await close();
      };
      return manager;
    };
    const visits = createVisits({ queue: createEventQueue({ sink: memorySink() }), privacy: "full" });
    let opens = 0;
    const openVisits = () => {
      steps.push("open visits");
      if (++opens === 1) throw new Error("The disk is full.");
      return visits;
    };
    const sessions = coatcheck(openManager, { visits: openVisits, name: "with visits" });
    await expect(sessions.visits()).rejects.toThrow("The disk is full.");
    expect(await sessions.visits()).toBe(visits);
    await sessions.manager();
    expect(steps).toEqual(["open manager", "open visits", "close manager", "open manager", "open visits"]);
    await sessions.close();
    expect(steps.slice(5)).toEqual(["close manager"]);
    await expect(coatcheck(open, { name: "without visits" }).visits()).resolves.toBeNull();
  });
});
