import { expect, it } from "vitest";
import type { SessionStore } from "../../src/session/store.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { createFixture } from "./fixtures.ts";

const MINUTE = 60_000;

/** Creates a store. `afterNextRead` sets a function that the store calls once, after it has read a row and before it
 * returns the row. */
function createRaceableStore() {
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

/**
 * Creates two nodes with one store, and a session whose token was rotated. The new token `successor` is not used yet.
 */
async function createRotatedSession(subject: string | null = null) {
  const { store, afterNextRead } = createRaceableStore();
  const policy = { rotateEvery: MINUTE };
  const [here, elsewhere] = [createFixture({ store, policy }), createFixture({ store, policy })];
  const { token } = await here.manager.create(subject === null ? {} : { subject });
  for (const node of [here, elsewhere]) node.advance(MINUTE);
  const successor = (await (await here.open(token)).commit()).token ?? "";
  return { here, elsewhere, afterNextRead, successor };
}

it("resume() refuses a token that a login replaces while its first use is recorded", async () => {
  const { here, elsewhere, afterNextRead, successor } = await createRotatedSession();
  afterNextRead(async () => await (await elsewhere.open(successor)).authenticate("ada"));
  expect(await here.findRefusal(successor)).toBe("superseded");
});

it("resume() opens a session without elevations if a step-up replaces the token while its first use is recorded", async () => {
  const { here, elsewhere, afterNextRead, successor } = await createRotatedSession("ada");
  afterNextRead(async () => await (await elsewhere.open(successor)).elevate("pay", MINUTE));
  const session = await here.open(successor);
  expect(() => session.requireElevated("pay")).toThrow(
    expect.objectContaining({ code: "REAUTHENTICATION_REQUIRED" }),
  );
});

it("resume() refuses a token whose session is revoked while its first use is recorded", async () => {
  const { here, elsewhere, afterNextRead, successor } = await createRotatedSession();
  afterNextRead(async () => await elsewhere.manager.revoke({ everyone: true }));
  expect(await here.findRefusal(successor)).toBe("revoked");
});
