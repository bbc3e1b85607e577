/** The batch interval of the process that tests kill, in milliseconds. */
export const BATCH_INTERVAL = 50;
