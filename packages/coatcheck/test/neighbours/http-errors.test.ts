import createError, { isHttpError } from "http-errors";
import { expect, it } from "vitest";
import { CoatcheckError, ERROR_STATUS, type ErrorCode } from "../../src/session/errors.ts";

it.each(Object.keys(ERROR_STATUS) as ErrorCode[])("http-errors accepts a CoatcheckError %s", (code) => {
  const error = new CoatcheckError(code, "a message");
  expect(isHttpError(error)).toBe(true);
  expect(error).toMatchObject({ status: ERROR_STATUS[code], statusCode: ERROR_STATUS[code] });
  expect(error.expose).toBe(ERROR_STATUS[code] < 500);
});

it("createError() of http-errors adds properties to a CoatcheckError and keeps its status", () => {
  const error = new CoatcheckError("SESSION_REQUIRED", "Log in first.");
  const wrapped = createError(404, error, { headers: { "x-reason": "hidden" } });
  expect(wrapped).toBe(error);
  expect(wrapped).toMatchObject({
    status: 401,
    statusCode: 401,
    code: "SESSION_REQUIRED",
    headers: { "x-reason": "hidden" },
  });
  expect(isHttpError(wrapped)).toBe(true);
});

it("createError() of http-errors keeps the status of a CoatcheckError if it is called without a status", () => {
  const error = createError(new CoatcheckError("STORE_UNAVAILABLE", "try again"));
  expect([error.status, error.statusCode, error.expose]).toEqual([503, 503, false]);
});
