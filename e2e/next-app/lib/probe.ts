/**
 * Values that tests read and set in the server's process. They are on `globalThis`, as Next.js bundles each module
 * several times.
 */
export interface Probe {
  opens: number;
  visitOpens: number;
  checks: number;
  /** How far the session manager's clock is ahead of the machine's clock, in milliseconds. */
  clockOffset: number;
}

const globalScope: { fixtureProbe?: Probe } & object = globalThis;
globalScope.fixtureProbe ??= { opens: 0, visitOpens: 0, checks: 0, clockOffset: 0 };

export const probe: Probe = globalScope.fixtureProbe;
