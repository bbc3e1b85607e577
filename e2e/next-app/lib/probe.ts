/** Values that the tests read and set in the server's process, which has several copies of each module. */
export interface Probe {
  opens: number;
  checks: number;
  /** Milliseconds by which the clock of the sessions is ahead. */
  ahead: number;
}

const scope: { fixtureProbe?: Probe } & object = globalThis;
scope.fixtureProbe ??= { opens: 0, checks: 0, ahead: 0 };

export const probe: Probe = scope.fixtureProbe;
