import { describe, expect, it } from "vitest";
import { catchErrorCode, createFixture } from "./fixtures.ts";

const INHERITED_NAMES = ["constructor", "toString", "__proto__", "hasOwnProperty"];

describe("a name or id from a request", () => {
  it("is not treated as an elevation if it is the name of a member of Object.prototype", async () => {
    const { manager, open } = createFixture();
    const { token } = await manager.create({ subject: "alice" });
    const session = await open(token);
    for (const scope of INHERITED_NAMES) {
      expect(() => session.requireElevated(scope), scope).toThrow(
        expect.objectContaining({ code: "REAUTHENTICATION_REQUIRED" }),
      );
      expect(session.isElevated(scope), scope).toBe(false);
    }
    await session.elevate("constructor", 1000);
    session.requireElevated("constructor");
  });

  it("is not treated as a flash message if it is the name of a member of Object.prototype", async () => {
    const { manager, open } = createFixture();
    const { token } = await manager.create();
    const session = await open(token);
    for (const name of INHERITED_NAMES) expect(await session.takeFlash(name), name).toBeUndefined();
    expect(session.commit()).toMatchObject({ state: "touched" });
    session.flash("constructor", "left");
    expect(await session.takeFlash("constructor")).toBe("left");
  });

  it("can be removed from the session data if it is the name of a member of Object.prototype", async () => {
    const { manager, open } = createFixture();
    const { record, token } = await manager.create({ data: { cart: { constructor: 1, toString: 2 } } });
    const session = await open(token);
    Reflect.deleteProperty(session.data.cart ?? {}, "constructor");
    await session.commit();
    expect((await manager.find(record.id))?.data).toEqual({ cart: { toString: 2 } });
  });

  it("is not repeated in an error message if it is a malformed id, which may be a token", async () => {
    const { manager } = createFixture();
    const { token } = await manager.create();
    for (const act of [
      manager.rotate(token),
      manager.patch(token, {}),
      manager.authenticate(token, "alice"),
    ]) {
      await expect(act).rejects.toMatchObject({
        code: "SESSION_NOT_FOUND",
        message: expect.not.stringContaining(token.slice(22)),
      });
    }
  });
});

describe("flash()", () => {
  it("replaces the whole earlier message of the same name", async () => {
    const { manager, open } = createFixture();
    const { token } = await manager.create();
    const first = await open(token);
    first.flash("notice", { text: "Saved.", undo: 7 });
    await first.commit();
    const second = await open(token);
    second.flash("notice", { text: "Sent." });
    await second.commit();
    expect(await (await open(token)).takeFlash("notice")).toEqual({ text: "Sent." });
  });

  it("throws for a message that is not JSON or exceeds the size limit", async () => {
    const { manager, open } = createFixture({ policy: { maxDataBytes: 1000 } });
    const { token } = await manager.create();
    const session = await open(token);
    session.flash(
      "notice",
      JSON.parse("[1]", () => new Date(0)),
    );
    expect(await catchErrorCode(session.save())).toBe("VALIDATION_FAILED");
    session.flash("notice", "x".repeat(2000));
    expect(await catchErrorCode(session.save())).toBe("PAYLOAD_TOO_LARGE");
  });
});
