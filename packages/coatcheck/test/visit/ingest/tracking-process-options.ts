/** How often the process that the tests kill writes a batch, in milliseconds. */
export const BATCH_INTERVAL = 50;
