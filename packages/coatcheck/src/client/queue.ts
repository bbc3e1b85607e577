/** Runs a task after all earlier ones, whether they succeeded or failed. Settles as the task does. */
export type Enqueue = <T>(task: () => Promise<T>) => Promise<T>;

/** Makes a queue that runs one task at a time. */
export function createQueue(): Enqueue {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const run = last.then(task, task);
    last = run;
    return run;
  };
}
