import type { StandardSchemaV1 } from "@standard-schema/spec";
import { DeadlineError, withDeadline } from "../cache/circuit-breaker.ts";
import type { Schedule } from "../session/clock.ts";
import { type Fault, invalidInputError } from "../session/errors.ts";
import { contextUnavailableError } from "./errors.ts";
import type { Entity } from "./graph.ts";
import type { EntityId } from "./selection.ts";

/**
 * Calls an entity's loader, and aborts it after its timeout.
 *
 * @returns the loader's result: null for a missing entity.
 * @throws CoatcheckError `CONTEXT_UNAVAILABLE` when the loader fails, is too slow, or returns undefined (probably a
 *   forgotten `return`).
 */
export async function callLoader(
  { name, settings }: Entity,
  id: EntityId,
  schedule: Schedule,
): Promise<unknown> {
  const { load, timeout } = settings;
  const abort = new AbortController();
  let value: unknown;
  try {
    value = await withDeadline((async () => load(id, { signal: abort.signal }))(), timeout, schedule);
  } catch (error) {
    const isLate = error instanceof DeadlineError;
    if (isLate) abort.abort(error);
    throw contextUnavailableError(name, isLate ? `did not return within ${timeout} ms` : "failed", error);
  }
  if (value === undefined)
    throw contextUnavailableError(name, "returned undefined instead of an entity or null");
  return value;
}

/**
 * Checks an entity with the loader's schema, and copies and freezes it, because all sessions share the copy.
 *
 * @throws CoatcheckError `CONTEXT_UNAVAILABLE` with the path of the first fault; the cause has every fault.
 */
export async function checkEntity({ name, settings }: Entity, value: unknown): Promise<unknown> {
  try {
    return deepFreeze(structuredClone(await validateEntity(name, settings.schema, value)));
  } catch (error) {
    const path = error instanceof Error && "faults" in error ? firstFaultPath(error.faults) : null;
    const problem =
      path === null ? "returned a value that cannot be cached" : `returned an invalid value at ${path}`;
    throw contextUnavailableError(name, problem, error);
  }
}

async function validateEntity(
  name: string,
  schema: StandardSchemaV1 | null,
  value: unknown,
): Promise<unknown> {
  if (!schema) return value;
  const result = await schema["~standard"].validate(value);
  if (!result.issues) return result.value;
  const faults = result.issues.map(({ path, message }): Fault => ({ path: issuePath(name, path), message }));
  throw invalidInputError("entity", faults);
}

function issuePath(name: string, path: StandardSchemaV1.Issue["path"]): string {
  const segments = (path ?? []).map((segment) => String(typeof segment === "object" ? segment.key : segment));
  return [name, ...segments].join(".");
}

function firstFaultPath(faults: unknown): string | null {
  return Array.isArray(faults) && faults.length > 0 ? String(faults[0].path) : null;
}

function deepFreeze(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value))
    return value;
  Object.freeze(value);
  for (const part of Object.values(value)) deepFreeze(part);
  return value;
}
