import { CoatcheckError, invalidInputError } from "./errors.ts";
import { copyJson, isJsonObject, type JsonObject, type JsonValue } from "./json.ts";
import { applyMergePatch, diffMergePatch, isEqualJson, ownMember } from "./patch.ts";
import { INSPECT_METHOD } from "./plain-session.ts";

type JsonMembers = Record<string, JsonValue | undefined>;

/** Notified of every assignment to a draft, at any depth. */
interface DraftListener {
  onDraftChange(): void;
}

/** An array or object that was a member of the data until it was replaced. The application may still hold it. */
interface FormerValue {
  readonly name: string;
  readonly value: JsonValue;
  /** A copy of `value` as it was when the member was replaced. */
  content: JsonValue;
  /**
   * Whether a change that the application makes to this former value must be applied to the value that replaced it.
   * False if the replacement is data of another session.
   */
  readonly isSameSession: boolean;
}

/** The key under which a view returns its draft. */
const DRAFT_KEY = Symbol("coatcheck.draft");

/**
 * The prototype of each proxy's target. `util.inspect` finds this method on the target and calls it on the proxy, so
 * that `console.log` shows the members.
 */
const TARGET_PROTOTYPE = {
  [INSPECT_METHOD](this: JsonMembers): JsonMembers {
    return { ...this };
  },
};

/**
 * A writable view of a frozen JSON object, the base. The base never changes: {@link createPatch} returns the
 * assignments as a merge patch (RFC 7396). Two requests can therefore change different members without losing a change.
 *
 * Copies lazily: one level of an object on its first write, an array on its first read. The draft is also the proxy
 * handler of its view, which saves an allocation for every request that reads its data.
 *
 * `structuredClone` throws for a view, because it does not support proxies. `Object.freeze` freezes one level of the
 * view. Even {@link rebase} does not change the members of a frozen level.
 */
export class Draft implements ProxyHandler<JsonMembers> {
  #base: JsonObject;
  #childDrafts: Map<string, Draft> | null = null;
  #copy: JsonMembers | null = null;
  /**
   * The values that a write has replaced in the base. A change that the application makes to one of them must not be
   * lost.
   */
  #formerValues: FormerValue[] = [];
  /** The drafts of nested objects that a write has removed from the base. */
  #removedDrafts: Draft[] = [];
  #isRemoved = false;
  /**
   * Whether the view has been frozen, sealed or made non-extensible. If so, the proxy's target contains the members.
   */
  #isFixed = false;
  /** The proxy that the application reads from and assigns to. */
  readonly view: JsonMembers;
  readonly #listener: DraftListener | undefined;

  constructor(base: JsonObject, listener?: DraftListener) {
    this.#base = base;
    this.#listener = listener;
    this.view = new Proxy<JsonMembers>(Object.create(TARGET_PROTOTYPE), this);
  }

  /** Returns the assignments so far as a merge patch; null when the view equals the base. */
  createPatch(): JsonObject | null {
    this.#mergeFormerValues();
    const current = this.currentData();
    return current === this.#base ? null : diffMergePatch(this.#base, current);
  }

  /** Returns the present content of the view. Returns the base itself when nothing was assigned. */
  currentData(): JsonObject {
    if (this.#childDrafts === null) return this.#members;
    let current: JsonMembers | null = null;
    for (const [name, child] of this.#childDrafts) {
      const value = child.currentData();
      if (value === child.#base) continue;
      current ??= { ...this.#members };
      current[name] = value;
    }
    return current ?? this.#members;
  }

  /**
   * Continues from `base`, the data after `patch` was stored. Keeps the assignments that are not in `patch`. Arrays and
   * objects that the application holds stay part of the view, unless `base` has another value in their place.
   */
  rebase(base: JsonObject, patch: JsonObject | null): void {
    this.#mergeFormerValues();
    const expected = patch ? applyMergePatch(this.#base, patch) : this.#base;
    const later = diffMergePatch(expected, this.currentData());
    this.#restart(base, expected);
    if (later) this.#assign(later);
  }

  /**
   * Continues from `base`, the data of another session. Every nested array and object that the application holds
   * belongs to the former session: its changes are lost changes.
   *
   * @param assignments a merge patch of assignments that belong to the other session.
   */
  replace(base: JsonObject, assignments: JsonObject | null): void {
    const copy = copyJson(assignments ?? {}) as JsonObject;
    this.#restart(base, null);
    this.#assign(copy);
  }

  /**
   * Returns the path of a changed array or object that is no longer part of the data, because a write replaced it or
   * the session has ended. Returns null when there is none.
   */
  findLostChange(): string | null {
    const lost = this.#formerValues.find(({ value, content }) => !isEqualJson(value, content));
    if (lost) return lost.name;
    for (const [name, child] of this.#childDrafts ?? []) {
      const path = child.findLostChange();
      if (path !== null) return `${name}.${path}`;
    }
    for (const removed of this.#removedDrafts) {
      const path = removed.findLostChange();
      if (path !== null) return path;
    }
    return null;
  }

  /**
   * Whether the application may hold an array or object of this data that is not a proxy. Changes of such a value go
   * unnoticed.
   */
  get hasValuesHeldByApplication(): boolean {
    for (const [name, value] of Object.entries(this.#copy ?? {})) {
      if (replacesBaseValue(value, this.#base[name])) return true;
    }
    for (const child of this.#childDrafts?.values() ?? []) if (child.hasValuesHeldByApplication) return true;
    return false;
  }

  get(target: JsonMembers, name: string | symbol): unknown {
    if (typeof name === "string") {
      if (!this.#isFixed) return this.#read(name);
      return Object.hasOwn(target, name) ? target[name] : undefined;
    }
    if (name === DRAFT_KEY) return this;
    return name === Symbol.toPrimitive ? toPrimitive : undefined;
  }

  set(target: JsonMembers, name: string | symbol, value: JsonValue | undefined): boolean {
    if (typeof name !== "string") return false;
    if (this.#isFixed && !(Object.hasOwn(target, name) && Reflect.set(target, name, value))) return false;
    return this.#write(name, value);
  }

  defineProperty(target: JsonMembers, name: string | symbol, descriptor: PropertyDescriptor): boolean {
    if (typeof name !== "string") return false;
    if (!this.#isFixed) return this.#write(name, descriptor.value);
    if (!Reflect.defineProperty(target, name, descriptor)) return false;
    return !("value" in descriptor) || this.#write(name, descriptor.value);
  }

  deleteProperty(target: JsonMembers, name: string | symbol): boolean {
    if (typeof name !== "string" || (this.#isFixed && !Reflect.deleteProperty(target, name))) return false;
    return this.#write(name, undefined) && delete this.#copy?.[name];
  }

  has(target: JsonMembers, name: string | symbol): boolean {
    return typeof name === "string" && Object.hasOwn(this.#isFixed ? target : this.#members, name);
  }

  ownKeys(target: JsonMembers): string[] {
    // Fill the target: `node:assert` prints the target of a view, not the view.
    if (!this.#isFixed) this.#fillTarget(target);
    return Object.keys(target);
  }

  getOwnPropertyDescriptor(target: JsonMembers, name: string | symbol): PropertyDescriptor | undefined {
    if (typeof name !== "string") return undefined;
    if (this.#isFixed) return Reflect.getOwnPropertyDescriptor(target, name);
    if (!Object.hasOwn(this.#members, name)) return undefined;
    return { value: this.#read(name), writable: true, enumerable: true, configurable: true };
  }

  getPrototypeOf(): object {
    return Object.prototype;
  }

  /**
   * Copies the members of the view to the proxy's target, because JavaScript compares all later results of the handler
   * with a non-extensible target.
   */
  preventExtensions(target: JsonMembers): boolean {
    this.#fillTarget(target);
    Object.setPrototypeOf(target, Object.prototype);
    this.#isFixed = true;
    return Reflect.preventExtensions(target);
  }

  /** Copies the members of the view to the target, in the same order. */
  #fillTarget(target: JsonMembers): void {
    for (const name of Object.keys(target)) delete target[name];
    for (const name of Object.keys(this.#members)) target[name] = this.#read(name);
  }

  get #members(): JsonObject {
    return this.#copy ?? this.#base;
  }

  #read(name: string): JsonValue | undefined {
    const members = this.#members;
    const value = Object.hasOwn(members, name) ? members[name] : undefined;
    if (typeof value !== "object" || value === null || value !== this.#base[name]) return value;
    if (isJsonObject(value)) return this.#childDraft(name, value).view;
    const array: JsonValue = structuredClone(value);
    this.#put(name, array);
    return array;
  }

  #childDraft(name: string, base: JsonObject): Draft {
    this.#childDrafts ??= new Map();
    let child = this.#childDrafts.get(name);
    if (!child) {
      child = new Draft(base, this.#listener);
      this.#childDrafts.set(name, child);
    }
    return child;
  }

  /**
   * @param expected the data that `base` equals unless another write has changed it. Null for the data of another
   *   session.
   */
  #restart(base: JsonObject, expected: JsonObject | null): void {
    const before = this.#base;
    const held = Object.entries(this.#copy ?? {});
    this.#base = base;
    this.#copy = null;
    for (const [name, value] of held) {
      if (value === undefined || !replacesBaseValue(value, before[name])) continue;
      if (expected && isEqualJson(ownMember(base, name), ownMember(expected, name))) {
        this.#copy ??= { ...base };
        this.#copy[name] = value;
      } else {
        this.#formerValues.push({ name, value, content: copyJson(value), isSameSession: expected !== null });
      }
    }
    for (const [name, child] of this.#childDrafts ?? []) {
      const value = expected && ownMember(base, name);
      const expectedValue = expected && ownMember(expected, name);
      const expectedChild = isJsonObject(expectedValue) ? expectedValue : {};
      child.#restart(isJsonObject(value) ? value : {}, expected && expectedChild);
      if (isJsonObject(value)) continue;
      child.#isRemoved = true;
      this.#childDrafts?.delete(name);
      this.#removedDrafts.push(child);
    }
  }

  /**
   * Finds changes in objects that are no longer part of the view, and assigns them to the objects that replaced these.
   * An array cannot be merged in this way.
   */
  #mergeFormerValues(): void {
    for (const former of this.#formerValues) {
      const { name, value, content } = former;
      const present = former.isSameSession ? ownMember(this.#members, name) : undefined;
      if (!isJsonObject(value) || !isJsonObject(content) || !isJsonObject(present)) continue;
      const changes = diffMergePatch(content, value);
      if (!changes) continue;
      former.content = copyJson(value);
      this.#childDraft(name, present).#assign(changes);
    }
    for (const child of this.#childDrafts?.values() ?? []) child.#mergeFormerValues();
  }

  #assign(patch: JsonObject): void {
    for (const [name, value] of Object.entries(patch)) {
      const present = ownMember(this.#base, name);
      // The view contains the application's own object or array, which already has the changes.
      if (this.#copy && replacesBaseValue(this.#copy[name], present)) continue;
      if (isJsonObject(value) && isJsonObject(present)) this.#childDraft(name, present).#assign(value);
      else this.#write(name, value);
    }
  }

  /**
   * Assigns a member. Throws `VALIDATION_FAILED` for `__proto__`, which would set the prototype of the copy, and
   * `CONFLICT` when this object is no longer part of the data.
   */
  #write(name: string, value: JsonValue | undefined): boolean {
    if (name === "__proto__")
      throw invalidInputError("session JSON", [
        { path: name, message: "must be renamed: __proto__ cannot be stored" },
      ]);
    if (this.#isRemoved) throw lostChangeError(name);
    this.#formerValues = this.#formerValues.filter((former) => former.name !== name);
    this.#put(name, withoutDraft(value));
    return true;
  }

  #put(name: string, value: JsonValue | undefined): void {
    this.#copy ??= { ...this.#base };
    this.#copy[name] = value;
    this.#childDrafts?.delete(name);
    this.#listener?.onDraftChange();
  }
}

/** The error for a change of an array or object that is no longer part of the data. */
export function lostChangeError(path: string): CoatcheckError {
  return new CoatcheckError(
    "CONFLICT",
    `Cannot store the change of "${path}": this object is no longer part of the session's data. Read session.data again after a write, a logout or an impersonation.`,
  );
}

/** Whether `value` is an array or object that the view contains in place of the base's member. */
function replacesBaseValue(value: JsonValue | undefined, baseValue: JsonValue | undefined): boolean {
  return typeof value === "object" && value !== null && value !== baseValue;
}

/**
 * Makes `String(view)` and template literals work. A view does not inherit `toString`, because the data may have a
 * member with this name.
 */
function toPrimitive(): string {
  return "[object Object]";
}

/**
 * Returns a copy of the data if `value` is a view. So `data.b = data.a` stores the data of `data.a`, and not its proxy.
 */
function withoutDraft(value: JsonValue | undefined): JsonValue | undefined {
  if (!isJsonObject(value)) return value;
  const draft: unknown = Reflect.get(value, DRAFT_KEY);
  return draft instanceof Draft ? structuredClone(draft.currentData()) : value;
}
