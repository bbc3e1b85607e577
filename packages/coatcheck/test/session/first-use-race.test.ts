import { expect, it } from "vitest";
import type { SessionStore } from "../../src/session/store.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { createFixture } from "./fixtures.ts";

const MINUTE = 60_000;

/** A store whose next `get` lets `act` change the session after the row was read. */
function raceableStore() {
  const memory = memoryStore();
  let act: (() => Promise<unknown>) | null = null;
  const store: SessionStore = {
    ...memory,
    async get(id) {
      const found = await memory.get(id);
      const change = act;
      act = null;
      await change?.();
      return found;
    },
  };
  return {
    store,
    afterNextRead(change: () => Promise<unknown>) {
      act = change;
    },
  };
}

/** Creates a session whose token was rotated and not used since, on two nodes. */
async function rotatedSession(subject: string | null = null) {
  const { store, afterNextRead } = raceableStore();
  const policy = { rotateEvery: MINUTE };
  const [here, elsewhere] = [createFixture({ store, policy }), createFixture({ store, policy })];
  const { token } = await here.manager.create(subject === null ? {} : { subject });
  for (const node of [here, elsewhere]) node.advance(MINUTE);
  const successor = (await (await here.open(token)).commit()).token ?? "";
  return { here, elsewhere, afterNextRead, successor };
}

it("refuses a token that a login replaces while its first use is recorded", async () => {
  const { here, elsewhere, afterNextRead, successor } = await rotatedSession();
  afterNextRead(async () => await (await elsewhere.open(successor)).authenticate("ada"));
  expect(await here.refusal(successor)).toBe("superseded");
});

it("opens a session without elevations if a step-up replaces the token while its first use is recorded", async () => {
  const { here, elsewhere, afterNextRead, successor } = await rotatedSession("ada");
  afterNextRead(async () => await (await elsewhere.open(successor)).elevate("pay", MINUTE));
  const session = await here.open(successor);
  expect(() => session.requireElevated("pay")).toThrow(
    expect.objectContaining({ code: "REAUTHENTICATION_REQUIRED" }),
  );
});

it("refuses a token whose session is revoked while its first use is recorded", async () => {
  const { here, elsewhere, afterNextRead, successor } = await rotatedSession();
  afterNextRead(async () => await elsewhere.manager.revoke({ everyone: true }));
  expect(await here.refusal(successor)).toBe("revoked");
});
