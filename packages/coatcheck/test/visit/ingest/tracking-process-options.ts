/** The batch interval of the process that tests kill, milliseconds. */
export const BATCH_INTERVAL = 50;
