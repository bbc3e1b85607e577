/** Runs a task after all earlier tasks have succeeded or failed. Resolves or rejects like the task. */
export type Enqueue = <T>(task: () => Promise<T>) => Promise<T>;

/** Creates a queue that runs one task at a time. */
export function createQueue(): Enqueue {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const run = last.then(task, task);
    last = run;
    return run;
  };
}
