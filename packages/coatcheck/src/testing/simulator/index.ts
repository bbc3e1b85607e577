export type { NodeTime, Subject } from "./node.ts";
export type { NodeTrait, Remote, Scenario, Step } from "./scenario.ts";
export { scenarios } from "./scenario.ts";
export { play, type SimulationOptions, type SimulationReport, simulate } from "./simulate.ts";
export { honest, mutants } from "./subjects.ts";
export type { MakeSubject, Outcome, SubjectOptions } from "./world.ts";
