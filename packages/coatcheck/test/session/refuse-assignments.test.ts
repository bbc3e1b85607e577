import { expect, it } from "vitest";
import { HttpSessions } from "../../src/http/http-sessions.ts";
import { createFixture } from "./fixtures.ts";

const request = { method: "GET", url: "/", address: undefined, encrypted: true, header: () => undefined };

it("an assignment to a session handle throws, in strict mode and in sloppy mode", async () => {
  const { manager } = createFixture();
  const handle = new HttpSessions(manager, {}).open(request);
  const session = await handle.load();
  const sloppy = new Function("target", "name", "target[name] = 1");
  for (const [target, advice] of [
    [handle, "(await request.session.load()).data.name = value"],
    [session, "session.data.name = value"],
  ] as const) {
    for (const name of ["userId", "cookie", "subject", "client", "data", "id"]) {
      if (name === "client" && target === session) continue;
      expect(() => sloppy(target, name)).toThrow(TypeError);
      expect(() => sloppy(target, name)).toThrow(`Cannot assign to "${name}" of this handle`);
      expect(() => sloppy(target, name)).toThrow(advice);
    }
    expect(() => Object.assign(target, { userId: 1 })).toThrow(TypeError);
    expect("userId" in target).toBe(false);
  }
  session.data.theme = "dark";
  expect(await session.commit()).toMatchObject({ record: { data: { theme: "dark" } } });
});
